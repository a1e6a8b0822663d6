import type { BalancingAlgorithm } from '../../../../model/balancing.ts';
import type { EndpointState } from '../endpoint-state.ts';
import type { RequestTraits } from '../request-traits.ts';
import { pickByHash } from './by-hash.ts';
import { leastConn } from './least-conn.ts';
import { leastTime } from './least-time.ts';
import { randomTwo } from './random-two.ts';
import { roundRobin } from './round-robin.ts';
import type { Spread } from './spread.ts';

/** Picks one of the candidates that was not tried and has room, or none. */
export type Pick = (
  spread: Spread,
  now: number,
  tried: readonly EndpointState[],
  traits: RequestTraits | undefined,
) => EndpointState | undefined;

export const picks: Readonly<Record<BalancingAlgorithm, Pick>> = {
  least_conn: leastConn,
  round_robin: roundRobin,
  ip_hash: pickByHash,
  hash: pickByHash,
  random_two: randomTwo,
  least_time: leastTime,
};
