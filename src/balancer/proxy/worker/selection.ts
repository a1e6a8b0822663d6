import type { EndpointState } from './endpoint-state.ts';
import type { PoolState } from './routing-state.ts';

/** Lower is better; endpoints of a worse rank are asked only when no better one is left (fail open). */
const rank = { available: 0, ejected: 1, unhealthy: 2, never: 3 } as const;

function rankOf(endpoint: EndpointState, now: number): number {
  if (endpoint.isDraining) return rank.never;
  if (!endpoint.isHealthy || endpoint.isDown) return rank.unhealthy;
  return endpoint.ejection.allows(now) ? rank.available : rank.ejected;
}

/**
 * The endpoint that the next request goes to, or undefined when none may be asked. `least_conn` compares what is in
 * flight by weight; equals, and all under `round_robin`, take turns.
 */
export function selectEndpoint(
  pool: PoolState,
  now: number,
  tried: readonly EndpointState[],
): EndpointState | undefined {
  const { endpoints } = pool;
  const count = endpoints.length;
  const countsLoad = pool.policy.algorithm === 'least_conn';
  const isRamping = now < pool.rampingUntil;
  let best: EndpointState | undefined;
  let bestIndex = 0;
  let bestRank: number = rank.never;
  let bestLoad = 0;
  let ties = 0;
  for (
    let step = 0, index = pool.cursor % count;
    step < count;
    step++, index = index + 1 === count ? 0 : index + 1
  ) {
    const endpoint = endpoints[index];
    if (endpoint === undefined) break;
    const itsRank = rankOf(endpoint, now);
    if (itsRank > bestRank || itsRank === rank.never || tried.includes(endpoint)) continue;
    const load = !countsLoad
      ? 0
      : isRamping
        ? endpoint.inFlight.size / endpoint.weight(now)
        : endpoint.inFlight.size;
    if (itsRank === bestRank && load === bestLoad) ties++;
    if (itsRank === bestRank && load >= bestLoad) continue;
    best = endpoint;
    bestIndex = index;
    bestRank = itsRank;
    bestLoad = load;
    ties = 1;
    // None after it can be better, and equals do not matter while nobody ramps up.
    if (!isRamping && load === 0 && itsRank === rank.available) break;
  }
  if (best === undefined) return undefined;
  if (isRamping && ties > 1) {
    best = takeTurn(
      endpoints.filter(
        (endpoint) =>
          rankOf(endpoint, now) === bestRank &&
          !tried.includes(endpoint) &&
          (!countsLoad || endpoint.inFlight.size / endpoint.weight(now) === bestLoad),
      ),
      now,
    );
  } else {
    pool.cursor = bestIndex + 1;
  }
  best?.ejection.chosen(now);
  return best;
}

/** Smooth weighted rotation: each saves its weight, the richest is taken and pays for all. */
function takeTurn(candidates: readonly EndpointState[], now: number): EndpointState | undefined {
  let total = 0;
  let richest: EndpointState | undefined;
  for (const endpoint of candidates) {
    const weight = endpoint.weight(now);
    total += weight;
    endpoint.credit += weight;
    if (richest === undefined || endpoint.credit > richest.credit) richest = endpoint;
  }
  if (richest !== undefined) richest.credit -= total;
  return richest;
}
