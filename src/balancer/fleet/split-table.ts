import type { ListenerEntry, PoolEntry, RoutingTable } from '../balancer-driver.ts';

export const emptyTable: RoutingTable = { listeners: [], pools: [] };

/** By carrier. */
export type Parts = ReadonlyMap<string, RoutingTable>;

/** Ids of pools by carrier. */
export type PoolsByCarrier = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Each carrier's part of a table: its listeners, and the pools that these and their routes lead to. A listener that names no
 * carrier, and a pool that no listener leads to, fall to the first one. Pools that a carrier's listeners `once` led to stay with
 * it, so that what is in flight there is not cut when a listener moves to another one. Throws when a listener's carrier
 * is not among them.
 */
export function splitTable(table: RoutingTable, carriers: readonly string[], once: PoolsByCarrier): Parts {
  const [first = ''] = carriers;
  const listeners = Map.groupBy(table.listeners, ({ carrier = first }) => carrier);
  for (const [carrier, [listener]] of listeners) {
    if (!carriers.includes(carrier)) throw new Error(`no ${carrier} is set up to carry ${listener?.id}`);
  }
  const isLedTo = new Set(table.listeners.flatMap(poolsOf));
  return new Map(
    carriers.map((carrier) => {
      const own = listeners.get(carrier) ?? [];
      const pools = new Set([...own.flatMap(poolsOf), ...(once.get(carrier) ?? [])]);
      const isPart = ({ id }: PoolEntry): boolean => pools.has(id) || (carrier === first && !isLedTo.has(id));
      return [carrier, { listeners: own, pools: table.pools.filter(isPart) }];
    }),
  );
}

/** Pools of each part that its listeners lead to, or once led to. */
export function poolsLedTo(parts: Parts, once: PoolsByCarrier): PoolsByCarrier {
  return new Map(
    [...parts].map(([carrier, { listeners, pools }]) => {
      const ledTo = new Set([...listeners.flatMap(poolsOf), ...(once.get(carrier) ?? [])]);
      return [carrier, new Set(pools.map(({ id }) => id).filter((id) => ledTo.has(id)))];
    }),
  );
}

/** The parts without the listeners whose address another carrier still holds and is about to let go. */
export function withoutMoved(parts: Parts, before: Parts): Parts {
  const holders = new Map(
    [...before].flatMap(([carrier, { listeners }]) =>
      listeners.map((listener) => [addressOf(listener), carrier]),
    ),
  );
  const isHeldElsewhere = (listener: ListenerEntry, carrier: string): boolean => {
    const address = addressOf(listener);
    const holder = holders.get(address);
    if (holder === undefined || holder === carrier) return false;
    return !parts.get(holder)?.listeners.some((other) => addressOf(other) === address);
  };
  return new Map(
    [...parts].map(([carrier, { listeners, pools }]) => [
      carrier,
      { listeners: listeners.filter((listener) => !isHeldElsewhere(listener, carrier)), pools },
    ]),
  );
}

/** The one table whose parts they are; undefined when none of them is there. */
export function joinTables(tables: readonly (RoutingTable | undefined)[]): RoutingTable | undefined {
  const present = tables.filter((table) => table !== undefined);
  if (present.length === 0) return undefined;
  const pools = new Map(present.flatMap(({ pools }) => pools.map((pool) => [pool.id, pool])));
  return { listeners: present.flatMap(({ listeners }) => listeners), pools: [...pools.values()] };
}

export function isEmpty({ listeners, pools }: RoutingTable): boolean {
  return listeners.length === 0 && pools.length === 0;
}

function poolsOf({ pool, routes = [] }: ListenerEntry): readonly string[] {
  return [pool, ...routes.flatMap(({ action }) => (action.kind === 'forward' ? [action.to.pool] : []))];
}

function addressOf({ hostIp, port }: ListenerEntry): string {
  return `${hostIp}|${port}`;
}
