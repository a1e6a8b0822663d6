import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LatencyHistogram } from '../../src/balancer/balancer-driver.ts';
import {
  emptyLatency,
  latencyBound,
  latencyBucket,
  latencyQuantile,
  latencySince,
  plusLatency,
} from '../../src/balancer/latency-histogram.ts';
import { AnswerCounts } from '../../src/balancer/proxy/visibility/answers.ts';

function histogramOf(durations: readonly number[]): LatencyHistogram {
  const counts = new AnswerCounts();
  for (const duration of durations) counts.ended(duration);
  return counts.read().latency;
}

describe('the latency histogram', () => {
  test('counts a duration in the bucket whose bounds it lies between, the upper one included', () => {
    for (const duration of [0.001, 0.4, 1, 1.01, 2, 3.7, 1_000, 86_400_000]) {
      const bucket = latencyBucket(duration);
      assert.ok(duration <= latencyBound(bucket) * (1 + 1e-12), `${duration} ≤ ${latencyBound(bucket)}`);
      assert.ok(duration > latencyBound(bucket - 1), `${duration} > ${latencyBound(bucket - 1)}`);
    }
    assert.deepEqual([latencyBucket(1), latencyBucket(2), latencyBucket(4)], [0, 8, 16]);
  });

  test('keeps what is shorter or longer than it can tell apart in the outermost buckets', () => {
    const { count, buckets } = histogramOf([0, 1e-9, 1e15]);
    assert.equal(count, 3);
    assert.deepEqual(buckets, { [-80]: 2, 240: 1 });
  });

  test('knows percentiles of a thousand durations within 5 %', () => {
    const durations = Array.from({ length: 1_000 }, (_, index) => 1.5 ** (index / 50));
    const histogram = histogramOf(durations);
    for (const part of [0.5, 0.9, 0.95, 0.99, 0.999]) {
      const exact = durations[Math.ceil(part * durations.length) - 1] ?? 0;
      const told = latencyQuantile(histogram, part) ?? 0;
      assert.ok(Math.abs(told / exact - 1) < 0.05, `p${part * 100}: ${told} for ${exact}`);
    }
  });

  test('of no requests has no percentile', () => {
    assert.equal(latencyQuantile(emptyLatency, 0.99), undefined);
  });

  test('of the time between two looks holds what was added in it', () => {
    const early = histogramOf([1, 5, 100]);
    const late = plusLatency(early, histogramOf([5, 2_000]));
    const between = latencySince(early, late);
    assert.equal(between.count, 2);
    assert.deepEqual(between.buckets, histogramOf([5, 2_000]).buckets);
    assert.ok(Math.abs(between.sumMs - 2_005) < 0.01);
    assert.deepEqual(latencySince(late, late), emptyLatency);
  });

  test('that was begun anew in between is new as a whole', () => {
    const anew = histogramOf([7]);
    assert.deepEqual(latencySince(histogramOf([1, 2, 3]), anew), anew);
  });
});
