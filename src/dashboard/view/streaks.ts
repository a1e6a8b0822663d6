import type { StackEvent } from '../../daemon/control-api.ts';

/** Something that keeps happening to an instance. */
export interface Streak {
  readonly since: number;
  readonly last: number;
  readonly count: number;
}

/** Two that are further apart are two stories. */
const maxGapMs = 3 * 60_000;
/** What was well again for so long is over. */
const overMs = 45_000;
const minCount = 3;

/** How often and since when an instance has ended or fallen ill without a long good time between; events by time. */
export function streakOf(instance: string, events: readonly StackEvent[]): Streak | undefined {
  const bad = events.filter(
    (event) =>
      event.instance === instance && (event.kind === 'replica.exited' || event.kind === 'replica.unhealthy'),
  );
  const last = bad.at(-1)?.time;
  if (last === undefined) return undefined;
  const first = bad.findLastIndex(({ time }, index) => time - (bad[index - 1]?.time ?? -Infinity) > maxGapMs);
  const streak = bad.slice(Math.max(0, first));
  return { since: streak[0]?.time ?? last, last, count: streak.length };
}

/** It goes up and down so often that being up at this moment means nothing. */
export function isFlapping({ count, last }: Streak, now: number): boolean {
  return count >= minCount && now - last < overMs;
}
