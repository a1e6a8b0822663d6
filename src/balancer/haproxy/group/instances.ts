import { existsSync } from 'node:fs';
import { sectionName } from '../config/names.ts';
import { endInstance, type InstanceRecord } from '../process/instance.ts';
import { runCommands } from '../process/runtime-api.ts';
import type { StatRow } from '../process/statistics.ts';
import type { Ledger } from '../traffic/ledger.ts';
import type { LiveInstance } from './live-instance.ts';

/** The HAProxys of one service: the one in force, and those before it that finish what they have. */
export class Instances {
  #current: LiveInstance | undefined;
  #leaving: readonly LiveInstance[] = [];

  get current(): LiveInstance | undefined {
    return this.#current;
  }

  get leaving(): readonly LiveInstance[] {
    return this.#leaving;
  }

  get all(): readonly LiveInstance[] {
    return this.#current === undefined ? this.#leaving : [...this.#leaving, this.#current];
  }

  /** Those that answer. */
  get living(): readonly LiveInstance[] {
    return this.all.filter(({ isLost }) => !isLost);
  }

  get rows(): readonly StatRow[] {
    return this.all.flatMap(({ rows }) => rows);
  }

  /** Requests that the server has in any of them, those included that wait for it. */
  inFlight(server: string): number {
    return this.rows
      .filter((row) => row.server === server)
      .reduce((sum, { current, queued }) => sum + current + queued, 0);
  }

  async read(options: { readonly isPatient: boolean }): Promise<void> {
    await Promise.all(
      this.living.map(async (instance) => {
        try {
          await instance.read(options);
        } catch (thrown) {
          const { socketPath, pid } = instance.record;
          if (existsSync(socketPath)) throw thrown;
          // Somebody took its socket away: nobody could ever tell it anything again, and its ports would stay taken.
          await endInstance(pid);
        }
      }),
    );
  }

  /** One that an earlier daemon has left. */
  addLeaving(instance: LiveInstance): void {
    this.#leaving = [...this.#leaving, instance];
  }

  /** Puts another one in force, or none. The one before closes its listeners, and may finish what it carries. */
  async replace(instance: LiveInstance | undefined): Promise<void> {
    const before = this.#current;
    this.#current = instance;
    if (before === undefined) return;
    this.addLeaving(before);
    if (before.isLost) return;
    const { socketPath, listeners } = before.record;
    await runCommands(
      socketPath,
      listeners.map(({ id }) => `shutdown frontend ${sectionName(id)}`),
    );
  }

  /** The one in force is gone. */
  lose(ledger: Ledger): void {
    if (this.#current !== undefined) ledger.keep(this.#current.rows);
    this.#current = undefined;
  }

  /** Ends those that carry nothing: at once where their listeners are gone, else when all clients have come over. */
  async endIdle(keptListeners: ReadonlySet<string>, ledger: Ledger): Promise<void> {
    for (const instance of this.#leaving) {
      const isIdle = instance.rows.every(
        ({ server, proxy, current }) => current === 0 || (server === 'FRONTEND' && !keptListeners.has(proxy)),
      );
      if (!instance.isLost && !isIdle) continue;
      this.#leaving = this.#leaving.filter((other) => other !== instance);
      ledger.keep(instance.rows);
      instance.close();
      await endInstance(instance.record.pid);
    }
  }

  /** Ends all of them now. */
  async end(): Promise<void> {
    const all = this.all;
    this.#current = undefined;
    this.#leaving = [];
    for (const instance of all) instance.close();
    await Promise.all(all.map(({ record }) => endInstance(record.pid)));
  }

  get record(): {
    readonly current?: InstanceRecord;
    readonly leaving: readonly InstanceRecord[];
    readonly serials: Readonly<Record<string, number>>;
  } {
    return {
      ...(this.#current === undefined ? {} : { current: this.#current.record }),
      leaving: this.#leaving.map(({ record }) => record),
      serials: Object.fromEntries(this.all.map(({ record, lastSerial }) => [record.pid, lastSerial])),
    };
  }
}
