import type { ListenerEntry, PoolEntry } from '../../balancer-driver.ts';
import { EndpointState } from './endpoint-state.ts';
import type { FailureKind } from './failure-kind.ts';
import type { WorkerEndpoint, WorkerPool, WorkerTable } from './worker-protocol.ts';

/** A pool in one worker. */
export interface PoolState {
  readonly id: string;
  service: string;
  policy: PoolEntry['policy'];
  emptyReason: string;
  endpoints: readonly EndpointState[];
  /** Where the next turn begins. */
  cursor: number;
  /** Until when an endpoint has less than its full share; milliseconds since the epoch. */
  rampingUntil: number;
}

/** A listener in one worker, with its counters. */
export interface ListenerState {
  readonly id: string;
  entry: ListenerEntry;
  pool: PoolState;
  requests: number;
  inFlight: number;
  readonly failures: Partial<Record<FailureKind, number>>;
  hasChanged: boolean;
}

export function countFailure(listener: ListenerState, kind: FailureKind): void {
  listener.failures[kind] = (listener.failures[kind] ?? 0) + 1;
  listener.hasChanged = true;
}

function rampingUntil({ endpoints, policy: { slowStartMs } }: PoolState): number {
  if (slowStartMs <= 0) return 0;
  return endpoints.reduce((latest, endpoint) => Math.max(latest, endpoint.activeSince + slowStartMs), 0);
}

/** The table in force in this worker. Endpoints, pools and listeners that stay keep their counters and connections. */
export class RoutingState {
  readonly listeners = new Map<string, ListenerState>();
  readonly pools = new Map<string, PoolState>();
  readonly endpoints = new Map<string, EndpointState>();
  readonly #deadlines = new Map<string, NodeJS.Timeout>();

  /** Returns the endpoints that are gone; what is in flight to them is for the caller to cut. */
  apply(table: WorkerTable, now: number): readonly EndpointState[] {
    const endpointIds = new Set<string>();
    const poolIds = new Set(table.pools.map((pool) => pool.id));
    for (const pool of table.pools) {
      this.#applyPool(pool, now);
      for (const endpoint of pool.endpoints) endpointIds.add(endpoint.id);
    }
    const listenerIds = new Set(table.listeners.map((listener) => listener.id));
    for (const listener of table.listeners) this.#applyListener(listener);
    for (const id of this.listeners.keys()) if (!listenerIds.has(id)) this.listeners.delete(id);
    for (const id of this.pools.keys()) if (!poolIds.has(id)) this.pools.delete(id);
    const gone = Array.from(this.endpoints.values()).filter((endpoint) => !endpointIds.has(endpoint.id));
    for (const endpoint of gone) {
      this.endpoints.delete(endpoint.id);
      this.#dropDeadline(endpoint.id);
      endpoint.isDraining = true;
      endpoint.closeIdle();
    }
    return gone;
  }

  /** A verdict of the active checks. */
  judge(id: string, isDown: boolean, activeSince: number): void {
    const endpoint = this.endpoints.get(id);
    if (endpoint === undefined) return;
    endpoint.isDown = isDown;
    endpoint.activeSince = activeSince;
    for (const pool of this.pools.values()) {
      if (pool.endpoints.includes(endpoint)) pool.rampingUntil = rampingUntil(pool);
    }
  }

  #applyPool(entry: WorkerPool, now: number): void {
    let pool = this.pools.get(entry.id);
    if (pool === undefined) {
      // Workers begin at different places, so that together they spread evenly.
      const cursor = Math.floor(Math.random() * Math.max(1, entry.endpoints.length));
      const { id, service, policy, emptyReason } = entry;
      pool = { id, service, policy, emptyReason, endpoints: [], cursor, rampingUntil: 0 };
      this.pools.set(entry.id, pool);
    }
    pool.service = entry.service;
    pool.policy = entry.policy;
    pool.emptyReason = entry.emptyReason;
    pool.endpoints = entry.endpoints.map((endpoint) => this.#applyEndpoint(endpoint, entry, now));
    pool.rampingUntil = rampingUntil(pool);
  }

  #applyEndpoint(entry: WorkerEndpoint, pool: WorkerPool, now: number): EndpointState {
    let endpoint = this.endpoints.get(entry.id);
    if (endpoint === undefined) {
      endpoint = new EndpointState(entry);
      this.endpoints.set(entry.id, endpoint);
    }
    endpoint.isHealthy = entry.isHealthy;
    endpoint.isDown = entry.isDown;
    endpoint.activeSince = entry.activeSince;
    endpoint.slowStartMs = pool.policy.slowStartMs;
    if (entry.drainDeadline === undefined) {
      endpoint.isDraining = false;
      this.#dropDeadline(entry.id);
    } else {
      endpoint.isDraining = true;
      endpoint.closeIdle();
      this.#setDeadline(endpoint, entry.drainDeadline - now);
    }
    return endpoint;
  }

  #applyListener(entry: ListenerEntry): void {
    const pool = this.pools.get(entry.pool);
    if (pool === undefined)
      throw new Error(`listener ${entry.id} names the pool ${entry.pool}, which is not there`);
    const listener = this.listeners.get(entry.id);
    if (listener === undefined) {
      const counters = { requests: 0, inFlight: 0, failures: {}, hasChanged: true };
      this.listeners.set(entry.id, { id: entry.id, entry, pool, ...counters });
    } else {
      listener.entry = entry;
      listener.pool = pool;
    }
  }

  #setDeadline(endpoint: EndpointState, inMs: number): void {
    this.#dropDeadline(endpoint.id);
    const timer = setTimeout(
      () => {
        this.#deadlines.delete(endpoint.id);
        endpoint.cut('forced');
      },
      Math.max(0, inMs),
    );
    this.#deadlines.set(endpoint.id, timer);
  }

  #dropDeadline(id: string): void {
    clearTimeout(this.#deadlines.get(id));
    this.#deadlines.delete(id);
  }
}
