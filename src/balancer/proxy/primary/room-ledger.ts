import type { WorkerOrder, WorkerTable } from '../worker/worker-protocol.ts';

type RoomOrder = Extract<WorkerOrder, { type: 'room' | 'room-wanted' }>;

interface Account {
  readonly pool: string;
  limit: number;
  /** By worker. Their sum is never more than the limit, save while a lower one is being reached. */
  readonly granted: Map<number, number>;
}

/**
 * Divides `max_connections` of each endpoint among the workers, so that together they never go beyond it. Each begins with
 * an equal part; one whose requests wait gets what is free, or what others can spare.
 */
export class RoomLedger {
  readonly #accounts = new Map<string, Account>();
  /** Workers whose requests wait, by pool, in the order in which they asked. */
  readonly #wanting = new Map<string, number[]>();
  readonly #workers: number;
  readonly #tell: (worker: number, order: RoomOrder) => void;

  constructor(workers: number, tell: (worker: number, order: RoomOrder) => void) {
    this.#workers = workers;
    this.#tell = tell;
  }

  /** A new table, which the workers are about to get: each has its part of what is new there. `settle` comes after it. */
  follow(table: WorkerTable, joined: readonly number[]): void {
    const limited = new Set<string>();
    for (const { id: pool, policy, endpoints } of table.pools) {
      const { maxConnections } = policy;
      if (maxConnections === undefined) continue;
      for (const { id } of endpoints) {
        limited.add(id);
        const account = this.#accounts.get(id);
        if (account === undefined) {
          this.#accounts.set(id, { pool, limit: maxConnections, granted: new Map() });
          for (const worker of joined) this.roomOf(id, worker);
        } else account.limit = maxConnections;
      }
    }
    for (const id of this.#accounts.keys()) if (!limited.has(id)) this.#accounts.delete(id);
    const pools = new Set(table.pools.map(({ id }) => id));
    for (const pool of this.#wanting.keys()) if (!pools.has(pool)) this.#wanting.delete(pool);
  }

  /** Brings what the workers have in line with the limits of the table that they now have. */
  settle(): void {
    for (const [id, account] of this.#accounts) {
      const excess = -freeOf(account);
      if (excess > 0) this.#takeBack(id, account, excess);
    }
    for (const pool of this.#wanting.keys()) this.#press(pool);
  }

  /** What the worker has of the endpoint; undefined: as much as it likes. One that is new here gets its part first. */
  roomOf(id: string, worker: number): number | undefined {
    const account = this.#accounts.get(id);
    if (account === undefined) return undefined;
    const before = account.granted.get(worker);
    if (before !== undefined) return before;
    const room = Math.max(0, Math.min(freeOf(account), this.#part(account)));
    account.granted.set(worker, room);
    return room;
  }

  /** Requests of the worker wait for room in the pool. */
  want(worker: number, pool: string): void {
    const wanting = this.#wanting.get(pool) ?? [];
    this.#wanting.set(pool, wanting);
    if (!wanting.includes(worker)) wanting.push(worker);
    this.#press(pool);
  }

  /** The worker gave some of its room up. */
  spared(worker: number, id: string, count: number): void {
    const account = this.#accounts.get(id);
    if (account === undefined) return;
    account.granted.set(worker, Math.max(0, (account.granted.get(worker) ?? 0) - count));
    this.#serve(account.pool);
    this.#askFor(id, account);
  }

  /** The worker is no more, nor is anything that was in flight in it. */
  lost(worker: number): void {
    for (const account of this.#accounts.values()) account.granted.delete(worker);
    for (const [pool, wanting] of this.#wanting) {
      if (wanting.includes(worker)) wanting.splice(wanting.indexOf(worker), 1);
      this.#press(pool);
    }
  }

  /** Whoever still waits when all that is free was given asks all who have room. */
  #press(pool: string): void {
    this.#serve(pool);
    for (const [id, account] of this.#accounts) {
      if (account.pool === pool) this.#askFor(id, account);
    }
  }

  /** Gives what is free to those who wait, one place at a time, from the endpoint that has the most. */
  #serve(pool: string): void {
    const wanting = this.#wanting.get(pool) ?? [];
    while (wanting.length > 0) {
      let best: readonly [string, Account] | undefined;
      for (const entry of this.#accounts) {
        if (entry[1].pool !== pool || freeOf(entry[1]) <= 0) continue;
        if (best === undefined || freeOf(entry[1]) > freeOf(best[1])) best = entry;
      }
      const worker = wanting[0];
      if (best === undefined || worker === undefined) return;
      wanting.shift();
      this.#change(...best, worker, 1);
    }
  }

  /** Tells those that have room of it that others wait, if others do. */
  #askFor(id: string, account: Account): void {
    const wanting = this.#wanting.get(account.pool) ?? [];
    for (const [worker, room] of account.granted) {
      if (room > 0 && wanting.some((other) => other !== worker))
        this.#tell(worker, { type: 'room-wanted', id });
    }
  }

  /** From those that have the most. What is in flight beyond the new limit ends by itself. */
  #takeBack(id: string, account: Account, excess: number): void {
    for (let taken = 0; taken < excess; taken++) {
      const [worker] = [...account.granted].reduce((most, each) => (each[1] > most[1] ? each : most));
      this.#change(id, account, worker, -1);
    }
  }

  #change(id: string, account: Account, worker: number, change: number): void {
    if (change === 0) return;
    account.granted.set(worker, (account.granted.get(worker) ?? 0) + change);
    this.#tell(worker, { type: 'room', id, change });
  }

  #part({ limit }: Account): number {
    return Math.floor(limit / this.#workers);
  }
}

function freeOf({ limit, granted }: Account): number {
  let free = limit;
  for (const room of granted.values()) free -= room;
  return free;
}
