import type { ServiceReading } from '../reading.ts';

/** A replica takes on at most so many times the load by a guess; what is still too slow then is seen at the next look. */
const maxRatio = 2;
/** Part of the slots of all replicas that may be taken after a scale-down. */
const fullShare = 0.8;

/** How the replicas there are relate to those needed; `unhelpful`: no number of replicas reaches the target. */
export type LatencyRatio =
  | { readonly kind: 'ratio'; readonly ratio: number }
  | { readonly kind: 'unhelpful'; readonly unloadedMs: number };

/**
 * Response time does not grow with the load as processor time does, so the quotient of both would ask for any number. What
 * is done instead: by Little's law a replica with c requests in flight is busy for the part ρ = c / (1 + c) of the time, and
 * a request would take S = W × (1 − ρ) in it alone (M/M/1). It takes T when replicas are busy for 1 − S / T, so there have to
 * be ρ / (1 − S / T) times as many as there are; at W = T that is 1. Where S is beyond T already, more would not help.
 */
export function p95Ratio(p95Ms: number, targetMs: number, inFlightPerReplica: number): LatencyRatio {
  const busy = inFlightPerReplica / (1 + inFlightPerReplica);
  const unloadedMs = p95Ms * (1 - busy);
  if (unloadedMs >= targetMs) return { kind: 'unhelpful', unloadedMs };
  return { kind: 'ratio', ratio: Math.min(maxRatio, busy / (1 - unloadedMs / targetMs)) };
}

/**
 * Time in the queue is nothing at all until every slot is taken, and then anything. So too long a wait asks for as many slots
 * more as requests wait, one replica at least and as many again as there are at most; none, for as many replicas as keep
 * four fifths of their slots taken.
 */
export function queueRatio(
  { waiting }: Pick<ServiceReading, 'waiting'>,
  isTooLong: boolean,
  inFlight: number,
  replicas: number,
  slots: number,
): number {
  if (!isTooLong) return Math.min(1, inFlight / (replicas * slots * fullShare));
  const oneMore = (replicas + 1) / replicas;
  return Math.min(maxRatio, Math.max(oneMore, inFlight === 0 ? maxRatio : (inFlight + waiting) / inFlight));
}
