import type { EndpointEntry, PoolEntry } from '../../src/balancer/balancer-driver.ts';
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
