import type { LatencyHistogram } from './balancer-driver.ts';

/** Buckets to each doubling of a duration. */
const bucketsPerDoubling = 8;

export const emptyLatency: LatencyHistogram = { count: 0, sumMs: 0, buckets: {} };

/** The bucket that counts a duration; -Infinity for none at all. */
export function latencyBucket(durationMs: number): number {
  return Math.ceil(Math.log2(durationMs) * bucketsPerDoubling);
}

/** The longest duration that the bucket counts, milliseconds. */
export function latencyBound(bucket: number): number {
  return 2 ** (bucket / bucketsPerDoubling);
}

export function plusLatency(one: LatencyHistogram, other: LatencyHistogram): LatencyHistogram {
  if (one.count === 0) return other;
  if (other.count === 0) return one;
  const buckets: Record<number, number> = { ...one.buckets };
  for (const [bucket, count] of bucketsOf(other)) buckets[bucket] = (buckets[bucket] ?? 0) + count;
  return { count: one.count + other.count, sumMs: one.sumMs + other.sumMs, buckets };
}

/**
 * What was counted between two looks. A histogram that has shrunk was begun anew in between: then all of `later` is
 * new.
 */
export function latencySince(earlier: LatencyHistogram, later: LatencyHistogram): LatencyHistogram {
  if (earlier.count === 0 || later.count < earlier.count) return later;
  if (later.count === earlier.count) return emptyLatency;
  const buckets: Record<number, number> = {};
  for (const [bucket, count] of bucketsOf(later)) {
    const added = count - (earlier.buckets[bucket] ?? 0);
    if (added > 0) buckets[bucket] = added;
  }
  return {
    count: later.count - earlier.count,
    sumMs: Math.max(0, later.sumMs - earlier.sumMs),
    buckets,
  };
}

/** Bucket and count of those that are not empty, shortest first. */
export function bucketsOf(histogram: LatencyHistogram): readonly (readonly [number, number])[] {
  return Object.entries(histogram.buckets)
    .map(([bucket, count]) => [Number(bucket), count] as const)
    .sort(([one], [other]) => one - other);
}

/**
 * The duration that the given part of all, from 0 to 1, did not exceed; milliseconds, undefined when nothing was counted.
 * Inside a bucket durations are taken to be spread evenly on its logarithmic scale, so it is never off by more than the
 * width of one, 9 %.
 */
export function latencyQuantile(histogram: LatencyHistogram, part: number): number | undefined {
  if (histogram.count === 0) return undefined;
  const buckets = bucketsOf(histogram);
  const rank = Math.min(1, Math.max(0, part)) * histogram.count;
  let below = 0;
  for (const [bucket, count] of buckets) {
    if (below + count >= rank) return latencyBound(bucket - 1 + (rank - below) / count);
    below += count;
  }
  const last = buckets.at(-1);
  return last === undefined ? undefined : latencyBound(last[0]);
}
