import type { Interval } from './difference-of-rates.ts';
import { normalQuantile } from './normal.ts';
import type { LatencyHistogram } from '../../balancer/balancer-driver.ts';

/** Below so many samples the binomial distribution is summed up; above, the normal one is as good. */
const exactBelow = 2_000;

/**
 * Bounds, in milliseconds, of the time within which a share `quantile` of all requests is answered; each of the two is
 * wrong with probability `alpha`, whatever the distribution. What too few samples cannot bound is 0 or Infinity.
 * Bounds are those of the buckets, so they never promise more than was counted.
 * Source: order statistics; the number of samples below a quantile is binomial.
 */
export function quantileInterval(histogram: LatencyHistogram, quantile: number, alpha: number): Interval {
  const { count } = histogram;
  if (count === 0) return { lower: 0, upper: Infinity };
  const [low, high] =
    count < exactBelow ? exactRanks(count, quantile, alpha) : normalRanks(count, quantile, alpha);
  return { lower: low < 1 ? 0 : bucketAt(histogram, low).lower, upper: upperAt(histogram, high) };
}

/** The middle of the bucket in which the quantile lies, milliseconds; undefined without a sample. */
export function quantileEstimate(histogram: LatencyHistogram, quantile: number): number | undefined {
  if (histogram.count === 0) return undefined;
  const { lower, upper } = bucketAt(histogram, Math.max(1, Math.ceil(quantile * histogram.count)));
  return Math.sqrt(lower * upper);
}

/** The highest rank that lies above the quantile with probability at most alpha, and the lowest that lies below it. */
function exactRanks(count: number, quantile: number, alpha: number): readonly [number, number] {
  let low = 0;
  let high = count + 1;
  let below = 0;
  for (let hits = 0; hits <= count; hits += 1) {
    // Chance that at most `hits - 1` samples lie below the quantile: then the sample of rank `hits` lies above it.
    if (below <= alpha) low = hits;
    below += binomial(count, hits, quantile);
    if (1 - below <= alpha) {
      high = hits + 1;
      break;
    }
  }
  return [low, high];
}

function normalRanks(count: number, quantile: number, alpha: number): readonly [number, number] {
  const half = normalQuantile(1 - alpha) * Math.sqrt(count * quantile * (1 - quantile));
  return [Math.floor(count * quantile - half), Math.ceil(count * quantile + half) + 1];
}

function binomial(count: number, hits: number, probability: number): number {
  const chance =
    logFactorial(count) -
    logFactorial(hits) -
    logFactorial(count - hits) +
    hits * Math.log(probability) +
    (count - hits) * Math.log(1 - probability);
  return Math.exp(chance);
}

const logFactorials: number[] = [0];

function logFactorial(number: number): number {
  for (let next = logFactorials.length; next <= number; next += 1)
    logFactorials.push((logFactorials[next - 1] ?? 0) + Math.log(next));
  return logFactorials[number] ?? 0;
}

function upperAt(histogram: LatencyHistogram, rank: number): number {
  return rank > histogram.count ? Infinity : bucketAt(histogram, rank).upper;
}

/** Bounds of the bucket that holds the sample of that rank, from 1. Bucket i ends at 2^(i/8) milliseconds. */
function bucketAt({ buckets }: LatencyHistogram, rank: number): Interval {
  let seen = 0;
  let last = 0;
  for (const index of Object.keys(buckets)
    .map(Number)
    .sort((a, b) => a - b)) {
    seen += buckets[index] ?? 0;
    last = index;
    if (seen >= rank) break;
  }
  return { lower: 2 ** ((last - 1) / 8), upper: 2 ** (last / 8) };
}
