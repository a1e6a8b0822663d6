import { earliest } from '../../../shared/earliest.ts';
import type { PoolEntry } from '../../balancer-driver.ts';
import { serverName } from '../config/names.ts';
import type { Ledger } from '../traffic/ledger.ts';

/** An endpoint on its way out, from when it was first seen so. Written to disk as it is. */
export interface Drain {
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly inFlightAtStart: number;
  /** Of those, how many had ended when this was looked at last. */
  settled: number;
  isForced: boolean;
}

export type InFlightOf = (server: string) => number;

/** Deadlines of endpoints that leave, and what came of the requests that they had. */
export class Drains {
  readonly #drains: Map<string, Drain>;

  constructor(record: Readonly<Record<string, Drain>> = {}) {
    this.#drains = new Map(Object.entries(record));
  }

  get record(): Readonly<Record<string, Drain>> {
    return Object.fromEntries(this.#drains);
  }

  get size(): number {
    return this.#drains.size;
  }

  has(server: string): boolean {
    return this.#drains.has(server);
  }

  /** Follows a table that is in force. */
  follow(pools: readonly PoolEntry[], inFlightOf: InFlightOf, ledger: Ledger, now: number): void {
    const draining = new Set<string>();
    for (const pool of pools) {
      for (const endpoint of pool.endpoints) {
        const name = serverName(endpoint);
        if (endpoint.rotation === 'active') {
          ledger.uncut(name);
          continue;
        }
        draining.add(name);
        if (this.#drains.has(name)) continue;
        const deadline = now + pool.policy.drainTimeoutMs;
        this.#drains.set(name, { deadline, inFlightAtStart: inFlightOf(name), settled: 0, isForced: false });
      }
    }
    for (const name of this.#drains.keys()) if (!draining.has(name)) this.#drains.delete(name);
  }

  /** Counts what has finished. Returns the servers whose time is over and that still have requests. */
  settle(inFlightOf: InFlightOf, ledger: Ledger, now: number): readonly string[] {
    const overdue: string[] = [];
    for (const [name, drain] of this.#drains) {
      const inFlight = inFlightOf(name);
      if (!drain.isForced) {
        const settled = Math.max(drain.settled, drain.inFlightAtStart - inFlight);
        ledger.server(name).drained += settled - drain.settled;
        drain.settled = settled;
      }
      if (now < drain.deadline || inFlight === 0) continue;
      // It is said again for what slipped in between; it is counted once.
      if (!drain.isForced) ledger.cut(name, inFlight);
      drain.isForced = true;
      overdue.push(name);
    }
    return overdue;
  }

  /** When the next deadline is; undefined for none that is still to come. */
  nextDeadline(): number | undefined {
    const deadlines = Array.from(this.#drains.values())
      .filter(({ isForced }) => !isForced)
      .map(({ deadline }) => deadline);
    return earliest(deadlines);
  }
}
