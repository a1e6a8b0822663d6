import type { PoolEntry } from '../../balancer-driver.ts';
import { poolSections } from '../config/names.ts';
import { runCommands } from '../process/runtime-api.ts';
import type { StatRow } from '../process/statistics.ts';
import type { TrafficEvent } from '../traffic/log-line.ts';
import type { LiveInstance } from './live-instance.ts';
import { isEjectedRow } from './observation.ts';
import { ejectedReason, PassiveHealth } from './passive-health.ts';

/** Which servers are out because of their requests, whatever their checks say since; and putting them there. */
export class Ejections {
  readonly #passive = new PassiveHealth();
  readonly #reasons = new Map<string, string>();
  readonly #onChange: () => void;

  /** `onChange` is called when a server was taken out or let back. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get reasons(): ReadonlyMap<string, string> {
    return this.#reasons;
  }

  keepOnly(servers: ReadonlySet<string>): void {
    this.#passive.keepOnly(servers);
    for (const name of this.#reasons.keys()) if (!servers.has(name)) this.#reasons.delete(name);
  }

  /** What HAProxy has decided by itself. One that `mustPass` is down with a good check until it has passed often enough. */
  follow(rows: readonly StatRow[], mustPass: ReadonlySet<string>): void {
    for (const row of rows) {
      const isComing = mustPass.has(row.server) && row.checkStatus !== 'HANA';
      if (isEjectedRow(row) && !isComing && !this.#reasons.has(row.server))
        this.#reasons.set(row.server, ejectedReason);
      // In an unchecked backend it is never down.
      else if (row.status.startsWith('UP')) this.#reasons.delete(row.server);
    }
  }

  /** Takes the server out when this end of a request was the one too many. */
  judge(event: TrafficEvent, pools: readonly PoolEntry[], instance: LiveInstance, now: number): void {
    const pool = pools.find(({ id }) => {
      const { rest, canary } = poolSections(id);
      return event.backend === rest || event.backend === canary;
    });
    if (pool === undefined) return;
    const verdict = this.#passive.judge(event, pool.policy, now);
    if (verdict === undefined) return;
    const hasOthers = instance.rows.some(
      ({ proxy, server, status }) =>
        proxy === event.backend && server !== 'BACKEND' && server !== event.server && status.startsWith('UP'),
    );
    if (verdict.holdsForLast || hasOthers) void this.#eject(instance, event, verdict.reason, pool.policy);
  }

  async #eject(
    { record: { socketPath } }: LiveInstance,
    { backend, server }: TrafficEvent,
    reason: string,
    { failTimeoutMs, activeHealth }: PoolEntry['policy'],
  ): Promise<void> {
    const setHealth = async (health: 'up' | 'down'): Promise<void> => {
      // One that is lost in the meantime has forgotten it all.
      await runCommands(socketPath, [`set server ${backend}/${server} health ${health}`]).catch(() => {});
      this.#onChange();
    };
    await setHealth('down');
    this.#reasons.set(server, reason);
    if (activeHealth.mustPass) return;
    // Its checks may come much later, and say nothing of what its requests met.
    setTimeout(() => {
      if (this.#reasons.has(server)) void setHealth('up');
    }, failTimeoutMs).unref();
  }
}
