import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { arrivalTimes, levelAt, segmentsOf } from '../../src/load/engine/level.ts';
import type { LoadShape, Stage } from '../../src/load/scenario/scenario.ts';

function shape(level: number, ...stages: Stage[]): LoadShape {
  return { model: 'open', level, stages };
}

function arrivals(load: LoadShape): number[] {
  return [...arrivalTimes(segmentsOf(load))];
}

describe('the level', () => {
  test('changes evenly on a ramp, stays on a hold, and after a spike is what it was before', () => {
    const segments = segmentsOf(
      shape(
        10,
        { kind: 'ramp', durationMs: 1000, to: 30 },
        { kind: 'hold', durationMs: 1000 },
        { kind: 'spike', durationMs: 1000, to: 100 },
        { kind: 'hold', durationMs: 1000 },
        { kind: 'ramp', durationMs: 1000, to: 0 },
      ),
    );
    const at = [0, 500, 1000, 1999, 2000, 2999, 3000, 4500, 5000].map((time) => levelAt(segments, time));
    assert.deepEqual(at, [10, 20, 30, 30, 100, 100, 30, 15, 0]);
  });

  test('is set at once by a ramp of no length', () => {
    const load = shape(1, { kind: 'ramp', durationMs: 0, to: 5 }, { kind: 'hold', durationMs: 1000 });
    assert.equal(arrivals(load).length, 5);
  });
});

describe('arrival times', () => {
  test('are evenly spaced at a constant rate', () => {
    assert.deepEqual(arrivals(shape(4, { kind: 'hold', durationMs: 1000 })), [0, 250, 500, 750]);
  });

  test('are as many as the area under the rate, up a ramp, down a ramp and across stages', () => {
    const up: Stage = { kind: 'ramp', durationMs: 10_000, to: 100 };
    const down: Stage = { kind: 'ramp', durationMs: 10_000, to: 0 };
    assert.equal(arrivals(shape(0, up)).length, 500);
    assert.equal(arrivals(shape(100, down)).length, 500);
    const all = arrivals(
      shape(0, up, { kind: 'hold', durationMs: 2500 }, { kind: 'spike', durationMs: 500, to: 400 }, down),
    );
    assert.equal(all.length, 500 + 250 + 200 + 500);
    assert.ok(all.every((time, index) => index === 0 || time >= (all[index - 1] ?? 0)));
  });

  test('follow the rate: a quarter of a ramp from 0 lies in its first half', () => {
    const times = arrivals(shape(0, { kind: 'ramp', durationMs: 10_000, to: 80 }));
    assert.equal(times.filter((time) => time < 5000).length, 100);
    assert.equal(times.length, 400);
  });

  test('leave a time with the rate 0 out', () => {
    const times = arrivals(
      shape(
        10,
        { kind: 'hold', durationMs: 1000 },
        { kind: 'spike', durationMs: 5000, to: 0 },
        { kind: 'hold', durationMs: 1000 },
      ),
    );
    assert.equal(times.length, 20);
    assert.ok(times.every((time) => time < 1000 || time >= 6000));
  });
});
