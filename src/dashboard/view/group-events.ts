import type { StackEvent } from '../../daemon/control-api.ts';

/** One line of what happened: an event, or several replicas of one service to which the same happened at once. */
export interface EventGroup {
  /** The newest of them. */
  readonly event: StackEvent;
  /** In order of time; empty for an event that is about no replica. */
  readonly instances: readonly string[];
  readonly count: number;
}

/** At once: no further apart than this. */
const togetherMs = 2_000;
/** How many lines back the same may stand: steps of several replicas interleave. */
const lookBack = 6;

/** Events in order of time, as groups in order of time. */
export function groupEvents(events: readonly StackEvent[]): readonly EventGroup[] {
  const groups: EventGroup[] = [];
  for (const event of events) {
    const at = groups.findLastIndex(
      (group, index) => index >= groups.length - lookBack && isSame(group.event, event),
    );
    const group = groups[at];
    const instances = event.instance === undefined ? [] : [event.instance];
    if (group === undefined) groups.push({ event, instances, count: 1 });
    else {
      groups[at] = {
        event,
        instances: [...new Set([...group.instances, ...instances])],
        count: group.count + 1,
      };
    }
  }
  return groups;
}

function isSame(one: StackEvent, other: StackEvent): boolean {
  return (
    one.instance !== undefined &&
    other.instance !== undefined &&
    one.kind === other.kind &&
    one.stack === other.stack &&
    one.message === other.message &&
    serviceOf(one) === serviceOf(other) &&
    other.time - one.time <= togetherMs
  );
}

export function serviceOf({ service, instance }: StackEvent): string | undefined {
  return service ?? instance?.replace(/-\d+$/, '');
}

const maxNamed = 3;

/** `web-1`, `web-1, web-2`, `web-1 … web-9 (9)`. */
export function subjectOf({ event, instances }: EventGroup): string {
  const [first] = instances;
  if (first === undefined) return event.service ?? '';
  if (instances.length <= maxNamed) return instances.join(', ');
  const sorted = instances.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return `${sorted[0]} … ${sorted.at(-1)} (${instances.length})`;
}
