import type { Decision } from '../../autoscale/decision.ts';

/** Decisions that differ from the one before: the number was changed, or the reason for leaving it. Newest first. */
export function turningPoints(decisions: readonly Decision[]): readonly Decision[] {
  return decisions
    .filter((decision, index) => {
      const before = decisions[index - 1];
      return before === undefined || decision.to !== decision.from || decision.reason !== before.reason;
    })
    .toReversed();
}

/** The course of one number, as steps: each holds from its time to the next one's. */
export interface Course {
  readonly points: readonly { readonly time: number; readonly value: number }[];
}

export function courseOf(
  decisions: readonly Decision[],
  value: (decision: Decision) => number | undefined,
): Course {
  return {
    points: decisions.flatMap((decision) => {
      const found = value(decision);
      return found === undefined ? [] : [{ time: decision.at, value: found }];
    }),
  };
}

/** `5 decisions since 14:02: from 1 to 5 replicas, now 3.` */
export function summariseDecisions(decisions: readonly Decision[]): string {
  const counts = decisions.flatMap(({ from, to }) => [from, to]);
  const changes = decisions.filter(({ from, to }) => from !== to).length;
  const last = decisions.at(-1);
  if (last === undefined) return 'Nothing has been decided yet.';
  const changed =
    changes === 0 ? 'never changed' : changes === 1 ? 'changed once' : `changed ${changes} times`;
  return `${changed}, between ${Math.min(...counts)} and ${Math.max(...counts)} replicas; ${last.to} now`;
}
