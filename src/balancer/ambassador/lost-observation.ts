import type {
  BalancerObservation,
  EndpointEntry,
  EndpointObservation,
  RoutingTable,
} from '../balancer-driver.ts';
import { emptyLatency } from '../latency-histogram.ts';
import { noRequests } from '../request-figures.ts';

const noTotals = { requests: 0, completed: 0, failed: 0, retried: 0, drained: 0, forced: 0 };

/** What there is to see of an ambassador that is gone: nothing is in flight, no listener is open, and its counters stay. */
export function lostObservation(
  table: RoutingTable,
  last: BalancerObservation | undefined,
): BalancerObservation {
  const endpoints = new Map(last?.endpoints.map((endpoint) => [endpoint.id, endpoint]));
  const pools = new Map(last?.pools.map((pool) => [pool.id, pool]));
  const listeners = new Map(last?.listeners.map((listener) => [listener.id, listener]));
  return {
    endpoints: table.pools.flatMap(({ id: pool, endpoints: entries }) =>
      entries.map((entry) => lostEndpoint(entry, pool, endpoints.get(entry.id))),
    ),
    pools: table.pools.map(({ id }) => ({ ...(pools.get(id) ?? noRequests), id, waiting: 0 })),
    listeners: table.listeners.map(({ id }) => ({
      ...(listeners.get(id) ?? noRequests),
      id,
      isOpen: false,
      waiting: 0,
    })),
  };
}

function lostEndpoint(
  { id, rotation }: EndpointEntry,
  pool: string,
  last: EndpointObservation | undefined,
): EndpointObservation {
  return {
    id,
    pool,
    state: rotation === 'active' ? 'active' : 'drained',
    // It sees none of them; what the others see counts.
    condition: 'up',
    reason: undefined,
    inFlight: 0,
    totals: last?.totals ?? noTotals,
    responses: last?.responses ?? [0, 0, 0, 0, 0],
    latency: last?.latency ?? emptyLatency,
  };
}
