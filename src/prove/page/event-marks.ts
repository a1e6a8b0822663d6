import type { EventKind } from '../../daemon/control-api.ts';

/** Joins rotation, leaves it, ends, or something else. */
export type MarkLook = 'up' | 'down' | 'end' | 'note';

export interface EventMark {
  readonly look: MarkLook;
  readonly words: string;
  readonly isBad: boolean;
}

const marks: Readonly<Partial<Record<EventKind, EventMark>>> = {
  'command.started': { look: 'note', words: 'command started', isBad: false },
  'command.finished': { look: 'note', words: 'command finished', isBad: false },
  'command.failed': { look: 'note', words: 'command failed', isBad: true },
  'replica.in-rotation': { look: 'up', words: 'in rotation', isBad: false },
  'replica.draining': { look: 'down', words: 'draining', isBad: false },
  'replica.stopped': { look: 'end', words: 'stopped', isBad: false },
  'replica.exited': { look: 'end', words: 'exited', isBad: true },
  'replica.unhealthy': { look: 'down', words: 'unhealthy', isBad: true },
  'runtime.unreachable': { look: 'note', words: 'runtime unreachable', isBad: true },
  'balancer.lost': { look: 'note', words: 'balancer lost', isBad: true },
  'balancer.refused': { look: 'note', words: 'balancer refused a change', isBad: true },
  'balancer.recovered': { look: 'note', words: 'balancer recovered', isBad: false },
};

/** How an event is marked in a timeline; undefined: not at all. */
export function markOf(kind: EventKind): EventMark | undefined {
  return marks[kind];
}
