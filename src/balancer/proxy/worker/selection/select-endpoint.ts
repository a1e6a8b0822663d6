import type { EndpointState } from '../endpoint-state.ts';
import type { PoolState } from '../pool-state.ts';
import type { RequestTraits } from '../request-traits.ts';
import { rank, rankOf } from './rank.ts';

/**
 * The endpoint that the next request goes to, or undefined when none may be asked, or each has as much as it may have.
 * What the pool's policy does not ask for costs nothing here: it was sorted out when the table came.
 */
export function selectEndpoint(
  pool: PoolState,
  now: number,
  tried: readonly EndpointState[],
  traits?: RequestTraits,
): EndpointState | undefined {
  if (now >= pool.staleAt) pool.refresh(now);
  const pinned = traits?.pinned === undefined ? undefined : pool.pinned(traits.pinned, traits);
  let chosen: EndpointState | undefined;
  if (pinned?.isOpen(tried) === true) {
    chosen = pinned;
  } else {
    const spread = pool.split === undefined ? pool.spread : pool.split.choose(traits, tried);
    chosen = pool.pick(spread, now, tried, traits) ?? lastResort(pool, now, tried);
  }
  if (chosen !== undefined && chosen.ejection.until !== 0) {
    chosen.ejection.chosen(now);
    pool.outdated();
  }
  return chosen;
}

/**
 * When all candidates were tried: the least loaded of the best rank that is left. One that is only full must be waited for,
 * so nothing worse is asked instead.
 */
function lastResort(
  pool: PoolState,
  now: number,
  tried: readonly EndpointState[],
): EndpointState | undefined {
  let best: EndpointState | undefined;
  let bestRank: number = rank.never;
  for (const endpoint of pool.endpoints) {
    const itsRank = pool.isPanicking ? endpoint.rank : rankOf(endpoint, now);
    if (itsRank > bestRank || itsRank === rank.never || tried.includes(endpoint)) continue;
    if (endpoint.inFlight.size >= endpoint.room) {
      if (itsRank < bestRank) best = undefined;
      bestRank = itsRank;
    } else if (itsRank < bestRank || best === undefined || endpoint.inFlight.size < best.inFlight.size) {
      best = endpoint;
      bestRank = itsRank;
    }
  }
  return best;
}
