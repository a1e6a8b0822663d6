import type { ListenerEntry } from '../../balancer-driver.ts';
import { ListenerEdge } from '../edge/listener-edge.ts';
import { newRequestCounts, type RequestCounts } from '../visibility/request-counts.ts';
import { DrainEnd } from './drain-end.ts';
import { EndpointState } from './endpoint-state.ts';
import { PoolState, type PoolSurroundings } from './pool-state.ts';
import type { WorkerEndpoint, WorkerPool, WorkerTable } from './worker-protocol.ts';

/** How long a stream may go on with an endpoint that has failed a check which it must pass. */
const dismissAfterMs = 500;

/** A listener in one worker, with its counters. */
export interface ListenerState {
  readonly id: string;
  entry: ListenerEntry;
  pool: PoolState;
  readonly counts: RequestCounts;
  /** Undefined: it has neither routes nor an edge policy, and pays for neither. */
  edge: ListenerEdge | undefined;
}

/** The table in force in this worker. Endpoints, pools and listeners that stay keep their counters and connections. */
export class RoutingState {
  readonly listeners = new Map<string, ListenerState>();
  readonly pools = new Map<string, PoolState>();
  readonly endpoints = new Map<string, EndpointState>();
  readonly #drainEnds = new Map<string, DrainEnd>();
  readonly #surroundings: PoolSurroundings;

  constructor(surroundings: PoolSurroundings) {
    this.#surroundings = surroundings;
  }

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
      this.#dropDrainEnd(endpoint.id);
      endpoint.isDraining = true;
      endpoint.pool = undefined;
      endpoint.closeIdle();
    }
    for (const pool of this.pools.values()) pool.serve();
    return gone;
  }

  /** A verdict of the active checks. */
  judge(id: string, isDown: boolean, activeSince: number): void {
    const endpoint = this.endpoints.get(id);
    if (endpoint === undefined) return;
    if (isDown && !endpoint.isDown && endpoint.mustPass) this.#dismissSoon(endpoint);
    endpoint.isDown = isDown;
    endpoint.activeSince = activeSince;
    endpoint.pool?.outdated();
    endpoint.pool?.serve();
  }

  /**
   * What lasts would go on with a replica that the pool is no longer for, such as a primary that has become a replica. What is
   * over in a moment is not disturbed.
   */
  #dismissSoon(endpoint: EndpointState): void {
    setTimeout(() => {
      if (endpoint.isDown) for (const stream of endpoint.streams()) stream.dismiss();
    }, dismissAfterMs).unref();
  }

  #applyPool(entry: WorkerPool, now: number): void {
    let pool = this.pools.get(entry.id);
    if (pool === undefined) {
      pool = new PoolState(entry, this.#surroundings);
      this.pools.set(entry.id, pool);
    }
    const endpoints = entry.endpoints.map((endpoint) => this.#applyEndpoint(endpoint, entry, now));
    pool.assign(entry, endpoints, now);
  }

  #applyEndpoint(entry: WorkerEndpoint, pool: WorkerPool, now: number): EndpointState {
    let endpoint = this.endpoints.get(entry.id);
    if (endpoint === undefined) {
      endpoint = new EndpointState(entry);
      this.endpoints.set(entry.id, endpoint);
    }
    endpoint.isHealthy = entry.isHealthy;
    endpoint.isDown = entry.isDown;
    endpoint.mustPass = pool.policy.activeHealth.mustPass === true;
    endpoint.activeSince = entry.activeSince;
    endpoint.slowStartMs = pool.policy.slowStartMs;
    endpoint.weight = entry.weight ?? 1;
    endpoint.isBackup = entry.isBackup ?? false;
    if (pool.policy.maxConnections === undefined) endpoint.room = Infinity;
    // Later, only changes are told: some may be on their way.
    else if (endpoint.room === Infinity) endpoint.room = entry.room ?? 0;
    if (entry.drainDeadline === undefined) {
      endpoint.isDraining = false;
      this.#dropDrainEnd(entry.id);
    } else {
      endpoint.isDraining = true;
      endpoint.closeIdle();
      this.#setDrainEnd(endpoint, entry.drainDeadline, pool.policy.drainTimeoutMs, now);
    }
    return endpoint;
  }

  #applyListener(entry: ListenerEntry): void {
    const pool = this.pools.get(entry.pool);
    if (pool === undefined)
      throw new Error(`listener ${entry.id} names the pool ${entry.pool}, which is not there`);
    const listener = this.listeners.get(entry.id);
    if (listener === undefined) {
      const edge = ListenerEdge.of(entry, this.pools, undefined);
      this.listeners.set(entry.id, { id: entry.id, entry, pool, edge, counts: newRequestCounts() });
    } else {
      listener.entry = entry;
      listener.pool = pool;
      listener.edge = ListenerEdge.of(entry, this.pools, listener.edge);
    }
  }

  #setDrainEnd(endpoint: EndpointState, deadline: number, drainTimeoutMs: number, now: number): void {
    if (this.#drainEnds.get(endpoint.id)?.deadline === deadline) return;
    this.#dropDrainEnd(endpoint.id);
    this.#drainEnds.set(endpoint.id, new DrainEnd(endpoint, deadline, drainTimeoutMs, now));
  }

  #dropDrainEnd(id: string): void {
    this.#drainEnds.get(id)?.drop();
    this.#drainEnds.delete(id);
  }
}
