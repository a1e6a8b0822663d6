import type { LatencyHistogram } from '../../balancer/balancer-driver.ts';
import type { ServiceSample } from '../../metrics/metrics-source.ts';
import { runOf } from './readiness.ts';

/**
 * Requests in flight at the moments of the samples, on average over all of them, by run of a replica. One that was there for a
 * part of the window counts for that part: together the replicas are what the service had.
 */
export function countInFlight(samples: readonly ServiceSample[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { replicas } of samples) {
    for (const replica of replicas) {
      const run = runOf(replica);
      counts.set(run, (counts.get(run) ?? 0) + replica.inFlight / samples.length);
    }
  }
  return counts;
}

interface Window {
  /** How often was counted. */
  readonly moments: number;
  readonly spanMs: number;
}

/**
 * Requests in flight on average. Counting them at a few moments is a guess; by Little's law the time that answered requests took
 * says it exactly, but nothing of those that take longer than the window. So it is the latter, unless the former differs by
 * more than chance would have it.
 */
export function inFlightOf(
  counted: number,
  latency: LatencyHistogram | undefined,
  { moments, spanMs }: Window,
): number {
  if (latency === undefined || latency.count === 0 || spanMs === 0) return counted;
  const answered = latency.sumMs / spanMs;
  // Three standard deviations of a mean of counts.
  const chance = 3 * Math.sqrt(Math.max(1, answered) / moments);
  return Math.abs(counted - answered) <= chance ? answered : counted;
}
