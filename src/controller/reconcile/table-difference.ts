import { isDeepStrictEqual } from 'node:util';
import type { RoutingTable } from '../../balancer/balancer-driver.ts';

/** Services of which something is in the one table that is not so in the other. */
export function servicesThatDiffer(one: RoutingTable, other: RoutingTable): ReadonlySet<string> {
  const before = entriesByService(other);
  const after = entriesByService(one);
  return new Set(
    [...before.keys(), ...after.keys()].filter(
      (service) => !isDeepStrictEqual(before.get(service), after.get(service)),
    ),
  );
}

function entriesByService({ listeners, pools }: RoutingTable): ReadonlyMap<string, readonly unknown[]> {
  const serviceOf = new Map(pools.map(({ id, service }) => [id, service]));
  return Map.groupBy([...listeners, ...pools], (entry) =>
    'pool' in entry ? (serviceOf.get(entry.pool) ?? entry.pool) : entry.service,
  );
}

/** The table with no other listeners than those that are open. */
export function withoutUnopened(table: RoutingTable, open: ReadonlySet<string>): RoutingTable {
  return { ...table, listeners: table.listeners.filter(({ id }) => open.has(id)) };
}

/** The endpoints that are wanted now, behind the listeners and policies that are in force. */
export function withPoliciesInForce(table: RoutingTable, inForce: RoutingTable): RoutingTable {
  const listeners = new Map(inForce.listeners.map((listener) => [listener.id, listener]));
  const policies = new Map(inForce.pools.map(({ id, policy }) => [id, policy]));
  return {
    listeners: table.listeners.flatMap(({ id }) => listeners.get(id) ?? []),
    pools: table.pools.map((pool) => ({ ...pool, policy: policies.get(pool.id) ?? pool.policy })),
  };
}
