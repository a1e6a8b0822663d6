import type { EndpointEntry, PoolEntry } from '../../balancer/balancer-driver.ts';
import { isRunning, type Observed } from '../observed.ts';
import { readEndpointId, runId } from './routing.ts';

/**
 * Pools of a service that are in force and that nothing leads to any more, as when one of its ports is given a policy of its
 * own: their endpoints drain, so that what is open there is not cut with the pool. `next` are its pools from now on.
 */
export function leftPools(
  service: string,
  next: readonly PoolEntry[],
  observed: Observed,
): readonly PoolEntry[] {
  const nextIds = new Set(next.map(({ id }) => id));
  const left = observed.routing.pools.filter((pool) => pool.service === service && !nextIds.has(pool.id));
  if (left.length === 0) return [];
  const moved = new Set(next.flatMap(({ endpoints }) => endpoints.map(({ id }) => id)));
  const runs = new Set(
    (observed.byService.get(service) ?? []).filter(isRunning).map(({ replica }) => runId(replica)),
  );
  // What the balancer has not been told to drain may have got something since it was asked.
  const isOver = ({ id, rotation }: EndpointEntry): boolean =>
    rotation === 'draining' && observed.drainedEndpoints.has(id);
  return left.flatMap((pool) => {
    const endpoints = pool.endpoints
      .filter((entry) => !moved.has(entry.id) && runs.has(readEndpointId(entry.id).run) && !isOver(entry))
      .map((entry) => ({ ...entry, rotation: 'draining' as const }));
    return endpoints.length === 0 ? [] : [{ ...pool, endpoints }];
  });
}
