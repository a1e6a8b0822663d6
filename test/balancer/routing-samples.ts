import type { EndpointEntry, PoolEntry } from '../../src/balancer/balancer-driver.ts';
import { EndpointState } from '../../src/balancer/proxy/worker/endpoint-state.ts';
import { PoolState, type PoolSurroundings } from '../../src/balancer/proxy/worker/pool-state.ts';
import type { BalancingPolicy } from '../../src/model/balancing.ts';

export const samplePolicy: BalancingPolicy = {
  algorithm: 'least_conn',
  maxFails: 3,
  failTimeoutMs: 10_000,
  slowStartMs: 0,
  drainTimeoutMs: 10_000,
  connectTimeoutMs: 2_000,
  responseTimeoutMs: 30_000,
  retries: 1,
  responseHeaders: true,
  activeHealth: { path: undefined, intervalMs: 60_000, timeoutMs: 1_000, rise: 1, fall: 2 },
};

export function endpointEntry(name: string, entry: Partial<EndpointEntry> = {}): EndpointEntry {
  return {
    id: name,
    instance: name,
    revision: 'r1',
    host: '127.0.0.1',
    port: 1,
    rotation: 'active',
    isHealthy: true,
    ...entry,
  };
}

export function poolEntry(endpoints: readonly EndpointEntry[], entry: Partial<PoolEntry> = {}): PoolEntry {
  return {
    id: 'web',
    stack: 'demo',
    service: 'web',
    policy: samplePolicy,
    emptyReason: 'no replica of web is healthy yet',
    endpoints,
    ...entry,
  };
}

export const quietSurroundings: PoolSurroundings = {
  secret: 'ab'.repeat(32),
  workers: 1,
  wantRoom: () => {},
  spareRoom: () => {},
  circuitChanged: () => {},
  watchOf: () => undefined,
};

export interface PoolOptions {
  readonly policy?: Partial<BalancingPolicy>;
  readonly entry?: Partial<PoolEntry>;
  readonly surroundings?: Partial<PoolSurroundings>;
}

/** A pool as a worker has it; the first turn is that of the first endpoint. */
export function poolStateOf(
  endpoints: readonly EndpointEntry[],
  options: PoolOptions,
  now: number,
): PoolState {
  const entry = poolEntry(endpoints, { ...options.entry, policy: { ...samplePolicy, ...options.policy } });
  const pool = new PoolState(entry, { ...quietSurroundings, ...options.surroundings });
  const states = endpoints.map((endpoint) => {
    const state = new EndpointState(endpoint);
    state.slowStartMs = entry.policy.slowStartMs;
    state.isBackup = endpoint.isBackup ?? false;
    state.weight = endpoint.weight ?? 1;
    return state;
  });
  pool.assign(entry, states, now);
  pool.spread.cursor = 0;
  return pool;
}
