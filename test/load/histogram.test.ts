import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { Histogram } from '../../src/load/measure/histogram.ts';

/** Nearest rank, from the values themselves. */
function exactPercentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(Number(((percent / 100) * sorted.length).toPrecision(12))) - 1)] ?? 0;
}

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('a histogram', () => {
  test('gives every percentile within 0.2 % and half a microsecond of the exact one, whatever was recorded', () => {
    const duration = fc.double({ min: 0, max: 1e8, noNaN: true });
    const spread = fc
      .tuple(duration, fc.constantFrom(1, 1e-2, 1e-4, 1e-6))
      .map(([value, scale]) => value * scale);
    fc.assert(
      fc.property(
        fc.array(spread, { minLength: 1, maxLength: 400 }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        (values, percent) => {
          const exact = exactPercentile(values, percent);
          const got = histogramOf(values).percentileMs(percent);
          assert.ok(Math.abs(got - exact) <= exact * 0.002 + 0.0006, `${got} for ${exact}`);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('keeps the smallest, the largest, the mean and the count exactly', () => {
    const histogram = histogramOf([3, 1.5, 4.5]);
    assert.deepEqual([histogram.minMs, histogram.maxMs, histogram.meanMs, histogram.count], [1.5, 4.5, 3, 3]);
    assert.equal(histogram.percentileMs(100), 4.5);
    assert.equal(histogram.percentileMs(0), 1.5);
  });

  test('takes the 999th of 1000 as p99.9, not the 1000th', () => {
    const histogram = histogramOf([...Array.from({ length: 999 }, () => 0.5), 500]);
    assert.equal(histogram.percentileMs(99.9), 0.5);
    assert.equal(histogram.percentileMs(99.91), 500);
  });

  test('that others are added to is the same as one that recorded it all', () => {
    const [one, other] = [histogramOf([1, 20, 300]), histogramOf([0.4, 5000])];
    one.add(other);
    const all = histogramOf([1, 20, 300, 0.4, 5000]);
    const percents = [0, 10, 50, 75, 90, 100];
    assert.deepEqual(one.percentilesMs(percents), all.percentilesMs(percents));
    assert.deepEqual([one.count, one.minMs, one.maxMs], [5, 0.4, 5000]);
  });

  test('of nothing is 0 everywhere, also after it was cleared', () => {
    const histogram = histogramOf([7]);
    histogram.clear();
    for (const each of [histogram, new Histogram()]) {
      assert.deepEqual(
        [each.count, each.minMs, each.maxMs, each.meanMs, each.percentileMs(99)],
        [0, 0, 0, 0, 0],
      );
    }
  });
});
