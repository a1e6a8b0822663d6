import type { EndpointState } from '../endpoint-state.ts';
import type { RequestTraits } from '../request-traits.ts';
import { asShare, mix } from './hash.ts';
import { leastConn } from './least-conn.ts';
import type { Spread } from './spread.ts';

/**
 * The endpoint that the request's key belongs to, or the next one that can be asked. While an endpoint starts slowly, its
 * keys come to it one after another, each for good. A request without a key goes to the least loaded.
 */
export function pickByHash(
  spread: Spread,
  now: number,
  tried: readonly EndpointState[],
  traits: RequestTraits | undefined,
): EndpointState | undefined {
  const hash = traits?.hash;
  if (hash === undefined) return leastConn(spread, now, tried);
  const isAsked = (endpoint: EndpointState): boolean =>
    endpoint.rank === spread.rank && endpoint.isOpen(tried);
  const patience = asShare(mix(hash, 0));
  return (
    spread.ring.find(hash, (endpoint) => isAsked(endpoint) && patience < endpoint.ramp(now)) ??
    spread.ring.find(hash, isAsked)
  );
}
