import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { closingShare, spreadMsOf } from '../../src/balancer/proxy/worker/drain-end.ts';

/** How many of the streams are closed in each tenth of the time, when steps are taken at those parts of it. */
function closedByTenth(streams: number, steps: readonly number[]): readonly number[] {
  const tenths = Array.from({ length: 10 }, () => 0);
  let open = streams;
  let last = 0;
  for (const now of steps) {
    const share = closingShare(last, now, 1);
    let closed = 0;
    for (let stream = 0; stream < open; stream++) if (Math.random() < share) closed++;
    open -= closed;
    last = now;
    const tenth = Math.min(9, Math.floor(now * 10 - 1e-9));
    tenths[tenth] = (tenths[tenth] ?? 0) + closed;
  }
  assert.equal(open, 0, 'none is left at the end');
  return tenths;
}

describe('the end of a drain', () => {
  test('closes streams over the last fifth of it, but no earlier than 5 s before the deadline', () => {
    assert.deepEqual([100, 10_000, 30_000, 3_600_000].map(spreadMsOf), [20, 2_000, 5_000, 5_000]);
  });

  test('spreads them evenly', () => {
    const steps = Array.from({ length: 50 }, (_, index) => (index + 1) / 50);
    for (const count of closedByTenth(10_000, steps))
      assert.ok(count > 700 && count < 1_300, `${count} of 10000 in one tenth`);
  });

  test('makes up for steps that came late', () => {
    const tenths = closedByTenth(10_000, [0.1, 0.2, 0.6, 0.7, 0.8, 0.9, 1]);
    const afterTheGap = tenths[5] ?? 0;
    assert.ok(afterTheGap > 3_500 && afterTheGap < 4_500, `${afterTheGap} of 10000 after the gap`);
    assert.ok((tenths[9] ?? 0) < 1_300);
  });

  test('closes one that comes in the last moment', () => {
    assert.equal(closingShare(0.98, 1, 1), 1);
    assert.equal(closingShare(1, 1.2, 1), 1);
  });
});
