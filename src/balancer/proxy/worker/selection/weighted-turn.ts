import type { EndpointState } from '../endpoint-state.ts';

/** Smooth weighted rotation: each saves its share, the richest is taken and pays for all. */
export function takeTurn(candidates: readonly EndpointState[], now: number): EndpointState | undefined {
  let total = 0;
  let richest: EndpointState | undefined;
  for (const endpoint of candidates) {
    const share = endpoint.share(now);
    total += share;
    endpoint.credit += share;
    if (richest === undefined || endpoint.credit > richest.credit) richest = endpoint;
  }
  if (richest !== undefined) richest.credit -= total;
  return richest;
}
