import { noHistory, type ReplicaHistory } from '../reconcile/restart-policy.ts';
import type { Replica } from '../../model/replica.ts';

/** Ends kept per replica: enough for any `max_attempts` in use, and bounded. */
const maxEnds = 50;

/** Remembers how often each replica ended without being asked to. Lives as long as the daemon. */
export class ReplicaHistories {
  readonly #histories = new Map<string, ReplicaHistory>();
  /** Run that was last seen to end, per replica: an end is counted once. */
  readonly #countedEnds = new Map<string, number>();
  readonly #expectedEnds = new Set<string>();
  #hasLooked = false;

  of(replicaId: string): ReplicaHistory {
    return this.#histories.get(replicaId) ?? noHistory;
  }

  /** The next end of this replica is our own doing. */
  expectEnd(replicaId: string): void {
    this.#expectedEnds.add(replicaId);
  }

  update(replicas: readonly Replica[]): void {
    const isFirstLook = !this.#hasLooked;
    this.#hasLooked = true;
    const present = new Set(replicas.map(({ id }) => id));
    for (const id of this.#histories.keys()) {
      if (!present.has(id)) this.#forget(id);
    }
    for (const replica of replicas) {
      if (replica.state.kind === 'running') continue;
      if (replica.state.kind === 'exited' && this.#countedEnds.get(replica.id) !== replica.state.finishedAt) {
        this.#countedEnds.set(replica.id, replica.state.finishedAt);
        // What had ended before the first look ended under another daemon: it is not known to be a failure.
        const isExpected = this.#expectedEnds.delete(replica.id) || replica.state.isStoppedByHand === true;
        if (!isExpected && !isFirstLook)
          this.#count(replica.id, replica.state.startedAt, replica.state.finishedAt);
      }
    }
  }

  #count(id: string, startedAt: number | undefined, finishedAt: number): void {
    const { ends, restarts } = this.of(id);
    const end = { time: finishedAt, uptimeMs: Math.max(0, finishedAt - (startedAt ?? finishedAt)) };
    this.#histories.set(id, { ends: [...ends, end].slice(-maxEnds), restarts: restarts + 1 });
  }

  #forget(id: string): void {
    this.#histories.delete(id);
    this.#countedEnds.delete(id);
    this.#expectedEnds.delete(id);
  }
}
