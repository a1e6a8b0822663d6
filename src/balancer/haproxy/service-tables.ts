import type { ListenerEntry, PoolEntry, RoutingTable } from '../balancer-driver.ts';
import { TenfoldError } from '../../shared/errors.ts';

/** The part of the table that one HAProxy carries: one service's listeners and pools. */
export interface ServiceTable {
  /** `stack/service`. */
  readonly key: string;
  readonly listeners: readonly ListenerEntry[];
  readonly pools: readonly PoolEntry[];
}

/**
 * One table for each service. Each has a process of its own, so that what changes one service's configuration touches no
 * connection of another. Throws `port-taken` for two listeners on one address.
 */
export function serviceTables(table: RoutingTable): ReadonlyMap<string, ServiceTable> {
  checkAddresses(table.listeners);
  const keyOfPool = new Map(table.pools.map((pool) => [pool.id, `${pool.stack}/${pool.service}`]));
  const tables = new Map<string, ServiceTable>();
  for (const pool of table.pools) {
    const key = `${pool.stack}/${pool.service}`;
    const known = tables.get(key) ?? { key, listeners: [], pools: [] };
    tables.set(key, { ...known, pools: [...known.pools, pool] });
  }
  for (const listener of table.listeners) {
    const key = keyOfPool.get(listener.pool);
    const known = key === undefined ? undefined : tables.get(key);
    if (known === undefined) throw new Error(`listener ${listener.id} names no pool: ${listener.pool}`);
    tables.set(known.key, { ...known, listeners: [...known.listeners, listener] });
  }
  return tables;
}

function checkAddresses(listeners: readonly ListenerEntry[]): void {
  const seen = new Map<string, string>();
  for (const { id, hostIp, port } of listeners) {
    const address = `${hostIp}|${port}`;
    const other = seen.get(address);
    if (other !== undefined) {
      throw new TenfoldError('port-taken', `port ${port} is asked for twice, by ${other} and ${id}`, {
        expected: 'one listener for each address and port',
        hint: 'Publish one of them on another port.',
      });
    }
    seen.set(address, id);
  }
}
