import type { EndpointState } from '../endpoint-state.ts';
import { leastConn } from './least-conn.ts';
import type { Spread } from './spread.ts';

/** The less loaded, by share, of two that chance names (the power of two choices). */
export function randomTwo(
  spread: Spread,
  now: number,
  tried: readonly EndpointState[],
): EndpointState | undefined {
  const { candidates } = spread;
  const count = candidates.length;
  const first = Math.floor(Math.random() * count);
  const second = (first + 1 + Math.floor(Math.random() * (count - 1))) % count;
  const one = open(candidates[first], tried);
  const other = count > 1 ? open(candidates[second], tried) : undefined;
  if (one === undefined || other === undefined) return one ?? other ?? leastConn(spread, now, tried);
  const load = (endpoint: EndpointState) => (endpoint.inFlight.size + 1) / endpoint.share(now);
  return load(other) < load(one) ? other : one;
}

function open(
  endpoint: EndpointState | undefined,
  tried: readonly EndpointState[],
): EndpointState | undefined {
  return endpoint?.isOpen(tried) === true ? endpoint : undefined;
}
