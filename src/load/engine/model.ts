import type { Reply } from '../client/reply.ts';
import type { Segment } from './level.ts';
import type { Timing } from './timing.ts';

/** What both models of load have to work with. */
export interface ModelContext {
  readonly timing: Timing;
  /** When the test began, in the time of `timing`. */
  readonly startedAt: number;
  readonly segments: readonly Segment[];
  /** Sends one request. `dueAt` is when it was meant to go out; `onReply` is called once, later. */
  readonly launch: (dueAt: number, onReply: (reply: Reply, thinkMs: number) => void) => void;
}

/** A schedule that is under way. */
export interface RunningModel {
  /** Begins nothing more; what is in flight goes on. */
  stop(): void;
}
