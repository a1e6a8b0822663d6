import type { EndpointState } from '../endpoint-state.ts';
import { fullScan, sample } from './least-conn.ts';
import type { Spread } from './spread.ts';

/** The one that can be expected to answer first: its usual time until it answers, times what is in flight to it. */
export function leastTime(
  spread: Spread,
  now: number,
  tried: readonly EndpointState[],
): EndpointState | undefined {
  const { candidates } = spread;
  const count = candidates.length;
  const looks = count <= fullScan ? count : sample;
  let best: EndpointState | undefined;
  let leastCost = Infinity;
  let bestIndex = 0;
  let index = spread.cursor < count ? spread.cursor : 0;
  for (let step = 0; step < looks || (best === undefined && step < count); step++) {
    const endpoint = candidates[index];
    if (endpoint === undefined) break;
    if (endpoint.isOpen(tried)) {
      const cost = endpoint.pace.cost(now, endpoint.inFlight.size) / endpoint.share(now);
      if (best === undefined || cost < leastCost) {
        best = endpoint;
        leastCost = cost;
        bestIndex = index;
      }
    }
    index = index + 1 === count ? 0 : index + 1;
  }
  if (best !== undefined) spread.cursor = bestIndex + 1;
  return best;
}
