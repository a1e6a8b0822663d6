import type { EndpointState } from '../endpoint-state.ts';
import type { Spread } from './spread.ts';
import { takeTurn } from './weighted-turn.ts';

/** Each in its turn; by shares where those differ. */
export function roundRobin(
  spread: Spread,
  now: number,
  tried: readonly EndpointState[],
): EndpointState | undefined {
  const { candidates } = spread;
  if (spread.isWeighted)
    return takeTurn(
      candidates.filter((endpoint) => endpoint.isOpen(tried)),
      now,
    );
  const count = candidates.length;
  let index = spread.cursor < count ? spread.cursor : 0;
  for (let step = 0; step < count; step++) {
    const endpoint = candidates[index];
    index = index + 1 === count ? 0 : index + 1;
    if (endpoint === undefined || !endpoint.isOpen(tried)) continue;
    spread.cursor = index;
    return endpoint;
  }
  return undefined;
}
