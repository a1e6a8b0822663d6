import type { EndpointEntry, PoolEntry } from '../../balancer-driver.ts';
import type { InstanceRecord } from '../process/instance.ts';
import type { ServiceTable } from '../service-tables.ts';
import { hostPort, poolSections, serverName } from '../config/names.ts';
import { checkedOptions, commonOptions, serverWeight } from '../config/server-options.ts';

/** One server of one backend as it shall be. */
export interface ServerEntry {
  readonly backend: string;
  readonly name: string;
  /** `10.0.0.1:80`. */
  readonly address: string;
  /** Words of its line, fixed for its life. */
  readonly options: string;
  readonly isChecked: boolean;
  /** It begins as down, and takes requests once it has passed its checks. */
  readonly mustPass: boolean;
  readonly isBackup: boolean;
  readonly takesRequests: boolean;
  readonly weight: number;
  /** Requests at a time; 0 for no limit. */
  readonly maxConnections: number;
}

/**
 * The servers of a pool. A checked backend asks those that are healthy; one that its own health check fails is there out
 * of service, and is asked by the open backend only, when there is no other. Where only servers that pass are asked, the open
 * backend has none.
 */
export function wantedServers(pool: PoolEntry): readonly ServerEntry[] {
  const { rest, canary, open } = poolSections(pool.id);
  const checked = checkedOptions(pool.policy);
  const common = commonOptions(pool.policy);
  const mustPass = pool.policy.activeHealth.mustPass === true;
  return pool.endpoints.flatMap((endpoint) => {
    const isActive = endpoint.rotation === 'active';
    const isCanary = pool.split !== undefined && endpoint.revision === pool.split.revision;
    const server = {
      name: serverName(endpoint),
      address: hostPort(endpoint.host, endpoint.port),
      weight: serverWeight(endpoint),
      maxConnections: pool.policy.maxConnections ?? 0,
    };
    const ofRest = {
      ...server,
      backend: isCanary ? canary : rest,
      options: checked,
      isChecked: true,
      mustPass,
      isBackup: endpoint.isBackup === true,
      takesRequests: isActive && endpoint.isHealthy,
    };
    if (mustPass) return [ofRest];
    const ofOpen = {
      ...server,
      backend: open,
      options: common,
      isChecked: false,
      mustPass,
      isBackup: false,
      takesRequests: isActive,
    };
    return [ofRest, ofOpen];
  });
}

/**
 * The servers that one HAProxy shall have. One that was begun with an older table may still send a listener to a pool that
 * the listener has left since; there, the new pool's servers stand in.
 */
export function serversOf(record: InstanceRecord, table: ServiceTable): readonly ServerEntry[] {
  const poolById = new Map(table.pools.map((pool) => [pool.id, pool]));
  const standIns = record.listeners.flatMap(({ id, pool }) => {
    const moved = poolById.get(table.listeners.find((listener) => listener.id === id)?.pool ?? '');
    if (poolById.has(pool) || moved === undefined) return [];
    return wantedServers({ ...moved, id: pool });
  });
  return [...table.pools.flatMap(wantedServers), ...standIns];
}

/** Names of the servers that take requests only once they have passed their checks. */
export function serversThatMustPass(pools: readonly PoolEntry[]): ReadonlySet<string> {
  return new Set(endpointsByServer(pools.filter(({ policy }) => policy.activeHealth.mustPass)).keys());
}

export function endpointsByServer(pools: readonly PoolEntry[]): ReadonlyMap<string, EndpointEntry> {
  return new Map(pools.flatMap((pool) => pool.endpoints.map((entry) => [serverName(entry), entry] as const)));
}
