import type { LatencyHistogram } from '../../balancer/balancer-driver.ts';
import { bucketsOf, latencyBound } from '../../balancer/latency-histogram.ts';
import type { HistogramSample, Labels } from './metric-family.ts';

/**
 * Every fourth of our bounds from half a millisecond to a minute, so that the counts are exact: each is longer than the one
 * before by the square root of two.
 */
const exportedBuckets: readonly number[] = Array.from({ length: 35 }, (_, index) => 4 * (index - 2));

/** Rounded so far that the spelling is short, and the same in each scrape. */
const exportedBounds: readonly number[] = exportedBuckets.map((bucket) =>
  Number((latencyBound(bucket) / 1_000).toPrecision(6)),
);

/** Our histogram, in milliseconds, as one of Prometheus', in seconds. */
export function exportLatency(latency: LatencyHistogram, labels: Labels): HistogramSample {
  const own = bucketsOf(latency);
  let position = 0;
  let atMost = 0;
  const buckets = exportedBuckets.map((last, index) => {
    for (let next = own[position]; next !== undefined && next[0] <= last; next = own[++position])
      atMost += next[1];
    return [exportedBounds[index] ?? 0, atMost] as const;
  });
  return { labels, count: latency.count, sum: latency.sumMs / 1_000, buckets };
}
