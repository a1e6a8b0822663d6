import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Totals } from '../../src/balancer/proxy/primary/totals.ts';

const counters = { requests: 0, completed: 0, failed: 0, retried: 0, drained: 0, forced: 0 };

describe('the totals', () => {
  test('are summed over the workers, each by its latest report', () => {
    const totals = new Totals();
    for (const [worker, requests] of [
      [1, 5],
      [2, 7],
      [1, 6],
    ] as const) {
      const endpoint = { id: 'a', ...counters, requests, inFlight: worker, ejectedUntil: 0 };
      const listener = { id: 'l', requests, inFlight: 0, failures: { connect: worker } };
      totals.add(worker, { type: 'report', endpoints: [endpoint], listeners: [listener] });
    }
    assert.equal(totals.endpoint('a').requests, 13);
    assert.equal(totals.endpoint('a').inFlight, 3);
    assert.deepEqual(totals.listener('l'), { requests: 13, failures: { connect: 3 } });
  });

  test('outlive a worker, whose requests in flight have failed', () => {
    const totals = new Totals();
    const endpoint = { id: 'a', ...counters, requests: 9, completed: 7, inFlight: 2, ejectedUntil: 0 };
    const listener = { id: 'l', requests: 9, inFlight: 2, failures: { timeout: 1 } };
    totals.add(1, { type: 'report', endpoints: [endpoint], listeners: [listener] });
    totals.lose(1);
    assert.deepEqual(totals.endpoint('a'), {
      ...counters,
      requests: 9,
      completed: 7,
      inFlight: 0,
      isEjected: false,
    });
    assert.deepEqual(totals.listener('l'), { requests: 9, failures: { timeout: 1, 'worker-lost': 2 } });
  });

  test('of what left the table are forgotten', () => {
    const totals = new Totals();
    const endpoint = { id: 'a', ...counters, requests: 9, inFlight: 0, ejectedUntil: 0 };
    totals.add(1, { type: 'report', endpoints: [endpoint], listeners: [] });
    totals.keepOnly(new Set(), new Set());
    assert.equal(totals.endpoint('a').requests, 0);
  });
});
