import type { ListenerEntry, PoolEntry, RoutingTable } from '../balancer-driver.ts';
import type { AmbassadorSpec } from './ambassador-host.ts';

/** What one ambassador is to be, and to carry. */
export interface AmbassadorPart {
  readonly spec: AmbassadorSpec;
  readonly table: RoutingTable;
}

/** The table's parts by `stack/service`: each service's listeners with the pools that these lead to. */
export function partsByService({ listeners, pools }: RoutingTable): ReadonlyMap<string, AmbassadorPart> {
  const poolsById = new Map(pools.map((pool) => [pool.id, pool]));
  const poolOf = ({ id, pool }: ListenerEntry): PoolEntry => {
    const found = poolsById.get(pool);
    if (found === undefined) throw new Error(`listener ${id} names no pool: ${pool}`);
    return found;
  };
  const byService = Map.groupBy(listeners, (listener) => {
    const { stack, service } = poolOf(listener);
    return `${stack}/${service}`;
  });
  return new Map(
    [...byService].map(([key, own]) => {
      const ownPools = [...new Set(own.map(poolOf))];
      const [{ stack, service } = { stack: '', service: '' }] = ownPools;
      const spec = { stack, service, networks: own[0]?.networks ?? [] };
      return [key, { spec, table: { listeners: own, pools: ownPools } }];
    }),
  );
}
