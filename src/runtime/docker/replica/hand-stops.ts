import { constants } from 'node:os';
import type { Replica } from '../../../model/replica.ts';

/** Signals that the engine takes for the wish to stop a container (its own restart policy then leaves it alone too). */
const stopSignals = new Set<number>([
  constants.signals.SIGTERM,
  constants.signals.SIGKILL,
  constants.signals.SIGINT,
  constants.signals.SIGQUIT,
]);

/** A stream of events that broke off this soon after a stop may have hidden that the engine itself was ending. */
const engineEndMs = 30_000;

/**
 * Knows which containers a person, or docker compose, stopped through the engine. Docker tells only by its events:
 * a signal through the API comes before the end; a crash, or a kill by pid, has none.
 */
export class HandStops {
  readonly #stoppedAt = new Map<string, number>();
  readonly #ours = new Set<string>();

  /** Signals to this container are our own from now on, until it starts again. */
  claim(containerId: string): void {
    this.#ours.add(containerId);
    this.#stoppedAt.delete(containerId);
  }

  /** Returns true when somebody else thereby stops it. */
  signalled(containerId: string, signal: number, time: number): boolean {
    const isStop = !this.#ours.has(containerId) && stopSignals.has(signal);
    if (isStop) this.#stoppedAt.set(containerId, time);
    return isStop;
  }

  started(containerId: string): void {
    this.#stoppedAt.delete(containerId);
    this.#ours.delete(containerId);
  }

  /** The stream of events was lost: an engine that shuts down stops its containers, and nobody meant them. */
  lost(time: number): void {
    for (const [id, stoppedAt] of this.#stoppedAt) {
      if (time - stoppedAt < engineEndMs) this.#stoppedAt.delete(id);
    }
  }

  /** The replica as it is, with who stopped it. */
  mark(replica: Replica): Replica {
    const { state } = replica;
    if (state.kind !== 'exited' || !this.#stoppedAt.has(replica.id)) return replica;
    return { ...replica, state: { ...state, isStoppedByHand: true } };
  }
}
