import type { Desired } from '../desired.ts';
import type { Replica } from '../../model/replica.ts';

/**
 * Counts the replicas that somebody else stopped and then removed, as `docker compose down` does: they are not missing,
 * they were taken away. A new command begins anew.
 */
export class HandRemovals {
  /** Replicas that somebody else stopped, with when that was heard. */
  readonly #stoppedAt = new Map<string, number>();
  readonly #removed = new Map<string, number>();
  /** Service of each replica of the last snapshot, by replica id. */
  #present: ReadonlyMap<string, string> = new Map();

  /** By service. */
  get counts(): ReadonlyMap<string, number> {
    return new Map(this.#removed);
  }

  /** Heard from the runtime, before or after a snapshot shows it. */
  stopped(replicaId: string, now: number): void {
    this.#stoppedAt.set(replicaId, now);
  }

  /** `hasStopped` tells the replicas whose end was our own doing. */
  update(replicas: readonly Replica[], hasStopped: (replicaId: string) => boolean): void {
    const present = new Map(replicas.map(({ id, service }) => [id, service]));
    for (const [id, service] of this.#present) {
      if (present.has(id)) continue;
      const isTakenAway = this.#stoppedAt.delete(id) && !hasStopped(id);
      if (isTakenAway) this.#removed.set(service, (this.#removed.get(service) ?? 0) + 1);
    }
    for (const { id, state } of replicas) {
      if (state.kind === 'exited' && state.isStoppedByHand === true)
        this.#stoppedAt.set(id, state.finishedAt);
      else if (state.kind === 'running' && state.startedAt > (this.#stoppedAt.get(id) ?? Infinity))
        this.#stoppedAt.delete(id);
    }
    this.#present = present;
  }

  /** Services that shall run and of which somebody else removed every replica. */
  takenDown(desired: Desired, replicas: readonly Replica[]): readonly string[] {
    const present = new Set(replicas.map(({ service }) => service));
    return [...this.#removed]
      .filter(([service, count]) => {
        const wanted = desired.services[service];
        return wanted?.phase === 'running' && count >= wanted.replicas && !present.has(service);
      })
      .map(([service]) => service);
  }

  beginAnew(): void {
    this.#removed.clear();
  }
}
