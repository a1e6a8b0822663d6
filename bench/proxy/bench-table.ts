import type { RoutingTable } from '../../src/balancer/balancer-driver.ts';
import type { BalancingPolicy } from '../../src/model/balancing.ts';

/** One listener on the port, and one pool of all the upstreams behind it. */
export function benchTable(
  port: number,
  upstreams: readonly number[],
  policy: BalancingPolicy,
): RoutingTable {
  const endpoints = upstreams.map((upstream) => ({
    id: `app-${upstream}`,
    instance: `app-${upstream}`,
    revision: 'bench',
    host: '127.0.0.1',
    port: upstream,
    rotation: 'active' as const,
    isHealthy: true,
  }));
  return {
    listeners: [{ id: 'bench', hostIp: '127.0.0.1', port, protocol: 'http', pool: 'app' }],
    pools: [{ id: 'app', stack: 'bench', service: 'app', policy, endpoints, emptyReason: '' }],
  };
}
