import type { Desired } from '../desired.ts';
import type { Replica } from '../../model/replica.ts';

/**
 * Counts the replicas that somebody else stopped and then removed, as `docker compose down` does: they are not missing,
 * they were taken away. A new command begins anew.
 */
export class HandRemovals {
  readonly #stopped = new Map<string, string>();
  readonly #removed = new Map<string, number>();

  /** By service. */
  get counts(): ReadonlyMap<string, number> {
    return new Map(this.#removed);
  }

  /** `hasStopped` tells the replicas whose end was our own doing. */
  update(replicas: readonly Replica[], hasStopped: (replicaId: string) => boolean): void {
    const present = new Set(replicas.map(({ id }) => id));
    for (const [id, service] of this.#stopped) {
      if (present.has(id)) continue;
      this.#stopped.delete(id);
      if (!hasStopped(id)) this.#removed.set(service, (this.#removed.get(service) ?? 0) + 1);
    }
    for (const { id, service, state } of replicas) {
      if (state.kind === 'exited' && state.isStoppedByHand === true) this.#stopped.set(id, service);
      else this.#stopped.delete(id);
    }
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
