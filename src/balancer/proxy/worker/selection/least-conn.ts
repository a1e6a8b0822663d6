import type { EndpointState } from '../endpoint-state.ts';
import type { Spread } from './spread.ts';
import { takeTurn } from './weighted-turn.ts';

/** Up to so many are all compared; of more, as many as `sample` in turn, which costs the same for any number. */
export const fullScan = 16;
export const sample = 8;

/** The least in flight; equals take turns. By shares where those differ. */
export function leastConn(
  spread: Spread,
  now: number,
  tried: readonly EndpointState[],
): EndpointState | undefined {
  if (spread.isWeighted) return leastConnWeighted(spread, now, tried);
  const { candidates } = spread;
  const count = candidates.length;
  const looks = count <= fullScan ? count : sample;
  let best: EndpointState | undefined;
  let bestIndex = 0;
  let bestLoad = Infinity;
  let index = spread.cursor < count ? spread.cursor : 0;
  for (let step = 0; step < looks || (best === undefined && step < count); step++) {
    const endpoint = candidates[index];
    if (endpoint === undefined) break;
    const load = endpoint.inFlight.size;
    if (load < bestLoad && load < endpoint.room && !tried.includes(endpoint)) {
      best = endpoint;
      bestIndex = index;
      bestLoad = load;
      if (load === 0) break;
    }
    index = index + 1 === count ? 0 : index + 1;
  }
  if (best !== undefined) spread.cursor = bestIndex + 1;
  return best;
}

function leastConnWeighted(
  spread: Spread,
  now: number,
  tried: readonly EndpointState[],
): EndpointState | undefined {
  let least = Infinity;
  let equals: EndpointState[] = [];
  for (const endpoint of spread.candidates) {
    const inFlight = endpoint.inFlight.size;
    if (inFlight >= endpoint.room || tried.includes(endpoint)) continue;
    const load = inFlight / endpoint.share(now);
    if (load > least) continue;
    if (load < least) equals = [];
    least = load;
    equals.push(endpoint);
  }
  return takeTurn(equals, now);
}
