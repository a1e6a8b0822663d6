import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Totals } from '../../src/balancer/proxy/primary/totals.ts';
import type { Answers } from '../../src/balancer/proxy/visibility/answers.ts';

const counters = {
  requests: 0,
  completed: 0,
  failed: 0,
  retried: 0,
  drained: 0,
  forced: 0,
  forcedStreams: 0,
};

describe('the totals', () => {
  test('are summed over the workers, each by its latest report', () => {
    const totals = new Totals();
    for (const [worker, requests] of [
      [1, 5],
      [2, 7],
      [1, 6],
    ] as const) {
      const endpoint = {
        id: 'a',
        ...counters,
        requests,
        inFlight: worker,
        ejectedUntil: 0,
        ejectedReason: '',
      };
      const listener = {
        id: 'l',
        waiting: 1,
        waitedMs: 2,
        requests,
        inFlight: 0,
        failures: { connect: worker },
      };
      totals.add(worker, { type: 'report', endpoints: [endpoint], pools: [], listeners: [listener] });
    }
    assert.equal(totals.endpoint('a').requests, 13);
    assert.equal(totals.endpoint('a').inFlight, 3);
    assert.deepEqual(totals.listener('l'), {
      requests: 13,
      waiting: 2,
      waitedMs: 4,
      failures: { connect: 3 },
    });
  });

  test('outlive a worker, whose requests in flight have failed', () => {
    const totals = new Totals();
    const endpoint = {
      id: 'a',
      ...counters,
      requests: 9,
      completed: 7,
      inFlight: 2,
      ejectedUntil: 0,
      ejectedReason: '',
    };
    const listener = { id: 'l', waiting: 1, waitedMs: 2, requests: 9, inFlight: 2, failures: { timeout: 1 } };
    totals.add(1, { type: 'report', endpoints: [endpoint], pools: [], listeners: [listener] });
    totals.lose(1);
    assert.deepEqual(totals.endpoint('a'), {
      ...counters,
      requests: 9,
      completed: 7,
      inFlight: 0,
      isEjected: false,
      ejectedReason: '',
    });
    assert.deepEqual(totals.listener('l'), {
      requests: 9,
      waiting: 0,
      waitedMs: 2,
      failures: { timeout: 1, 'worker-lost': 2 },
    });
  });

  test('of answers are those told last of each worker, and outlive it', () => {
    const totals = new Totals();
    const endpoint = { id: 'a', ...counters, inFlight: 0, ejectedUntil: 0, ejectedReason: '' };
    const answers = (rejected: number): Answers => ({
      responses: [0, 2, 0, rejected, 0],
      latency: { count: 2, sumMs: 5, buckets: { 3: 1, [rejected]: 1 } },
    });
    totals.add(1, {
      type: 'report',
      endpoints: [{ ...endpoint, answers: answers(7) }],
      pools: [],
      listeners: [],
    });
    totals.add(2, {
      type: 'report',
      endpoints: [{ ...endpoint, answers: answers(9) }],
      pools: [],
      listeners: [],
    });
    totals.add(2, { type: 'report', endpoints: [endpoint], pools: [], listeners: [] });
    totals.lose(1);
    assert.deepEqual(totals.answers('a'), {
      responses: [0, 4, 0, 16, 0],
      latency: { count: 4, sumMs: 10, buckets: { 3: 2, 7: 1, 9: 1 } },
    });
  });

  test('of what left the table are forgotten', () => {
    const totals = new Totals();
    const endpoint = { id: 'a', ...counters, requests: 9, inFlight: 0, ejectedUntil: 0, ejectedReason: '' };
    totals.add(1, { type: 'report', endpoints: [endpoint], pools: [], listeners: [] });
    totals.keepOnly(new Set(), new Set(), new Set());
    assert.equal(totals.endpoint('a').requests, 0);
  });
});
