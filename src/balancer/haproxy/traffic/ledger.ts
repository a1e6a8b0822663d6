import { countEvent, newCounters, type ServerCounters } from './server-counters.ts';
import type { TrafficEvent } from './log-line.ts';
import type { StatRow } from '../process/statistics.ts';

export interface ListenerCounters {
  pastRequests: number;
  waitedMs: number;
  readonly failures: Record<string, number>;
}

const maxCut = 10_000;

/** As it stands on disk. */
export interface LedgerRecord {
  readonly servers: Readonly<Record<string, ServerCounters>>;
  readonly listeners: Readonly<Record<string, ListenerCounters>>;
}

/** All that was counted for one service, by whichever HAProxy. Servers and listeners go by their names there. */
export class Ledger {
  readonly #servers: Map<string, ServerCounters>;
  readonly #listeners: Map<string, ListenerCounters>;
  /** Servers whose requests are being cut; what fails there then was forced. */
  readonly #cut = new Set<string>();

  constructor(record?: LedgerRecord) {
    this.#servers = new Map(Object.entries(record?.servers ?? {}));
    this.#listeners = new Map(Object.entries(record?.listeners ?? {}));
  }

  get record(): LedgerRecord {
    return {
      servers: Object.fromEntries(this.#servers),
      listeners: Object.fromEntries(this.#listeners),
    };
  }

  server(name: string): ServerCounters {
    return entryOf(this.#servers, name, newCounters);
  }

  listener(name: string): ListenerCounters {
    return entryOf(this.#listeners, name, () => ({ pastRequests: 0, waitedMs: 0, failures: {} }));
  }

  count(event: TrafficEvent): void {
    const isCut = this.#cut.has(event.server);
    if (this.#servers.has(event.server)) countEvent(this.server(event.server), event, isCut);
    const { outcome, waitedMs } = event;
    if (waitedMs > 0) this.listener(event.frontend).waitedMs += waitedMs;
    if (outcome.kind !== 'failed') return;
    const { failures } = this.listener(event.frontend);
    const kind = isCut ? 'forced' : outcome.failure;
    failures[kind] = (failures[kind] ?? 0) + 1;
  }

  /** The requests that the server has now are cut. Its name is known beyond its time in the table: their end comes later. */
  cut(name: string, inFlight: number): void {
    this.#cut.add(name);
    const [oldest] = this.#cut;
    if (this.#cut.size > maxCut && oldest !== undefined) this.#cut.delete(oldest);
    if (this.#servers.has(name)) this.server(name).forced += inFlight;
  }

  /** It takes requests again. */
  uncut(name: string): void {
    this.#cut.delete(name);
  }

  /** An HAProxy is gone; what it had counted itself is kept. */
  keep(rows: readonly StatRow[]): void {
    for (const row of rows) {
      if (row.server === 'FRONTEND') this.listener(row.proxy).pastRequests += row.requests;
      else if (this.#servers.has(row.server)) {
        const counters = this.server(row.server);
        counters.pastTotal += row.total;
        counters.pastRedispatched += row.redispatched;
      }
    }
  }

  /** Makes room for what is in the table and forgets the rest. */
  follow(servers: ReadonlySet<string>, listeners: ReadonlySet<string>): void {
    for (const name of servers) this.server(name);
    for (const name of listeners) this.listener(name);
    for (const name of this.#servers.keys()) if (!servers.has(name)) this.#servers.delete(name);
    for (const name of this.#listeners.keys()) if (!listeners.has(name)) this.#listeners.delete(name);
  }
}

function entryOf<T>(map: Map<string, T>, name: string, make: () => T): T {
  const known = map.get(name);
  if (known !== undefined) return known;
  const made = make();
  map.set(name, made);
  return made;
}
