import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ratesBetween } from '../../src/metrics/rates.ts';
import { latencyOf, replicaDetail, serviceDetail } from './samples.ts';

describe('rates between two samples', () => {
  const earlier = serviceDetail(10_000, {
    requests: 100,
    failed: 2,
    waitedMs: 50,
    replicas: [
      replicaDetail(1, { requests: 60, cpuSeconds: 1, responses: [0, 60, 0, 0, 0], latency: latencyOf([1]) }),
      replicaDetail(2, { requests: 40, cpuSeconds: 5 }),
    ],
  });

  test('count what was added, by second', () => {
    const later = serviceDetail(14_000, {
      requests: 140,
      failed: 6,
      waitedMs: 450,
      waiting: 3,
      replicas: [
        replicaDetail(1, {
          requests: 80,
          cpuSeconds: 3,
          responses: [0, 76, 0, 0, 4],
          latency: latencyOf([1, ...Array.from({ length: 19 }, () => 10), 1_000]),
        }),
        replicaDetail(2, { requests: 60, cpuSeconds: 5.4, inFlight: 2, isReady: false }),
      ],
    });
    const rates = ratesBetween(earlier, later);
    assert.equal(rates.requestsPerSecond, 10);
    assert.equal(rates.failedPerSecond, 1);
    assert.equal(rates.waitedMs, 10);
    assert.deepEqual([rates.desired, rates.ready, rates.inFlight, rates.waiting], [2, 1, 2, 3]);
    assert.deepEqual(rates.responsesPerSecond, [0, 4, 0, 0, 1]);
    assert.ok(Math.abs((rates.cpu ?? 0) - 0.6) < 1e-9);
    const { p50Ms = 0, p99Ms = 0, latency } = rates;
    assert.equal(latency.count, 20);
    assert.ok(p50Ms > 9 && p50Ms < 11, `p50 ${p50Ms}`);
    assert.ok(p99Ms > 900 && p99Ms < 1_100, `p99 ${p99Ms}`);
    assert.equal(rates.replicas[0]?.requestsPerSecond, 5);
  });

  test('begin at nought for a replica that was started anew, and say nothing of its processor time', () => {
    const later = serviceDetail(11_000, {
      requests: 110,
      replicas: [replicaDetail(1, { startedAt: 10_500, requests: 7, cpuSeconds: 0.8 })],
    });
    const [replica] = ratesBetween(earlier, later).replicas;
    assert.equal(replica?.requestsPerSecond, 7);
    assert.equal(replica?.cpu, undefined);
  });

  test('take counters that have shrunk for new ones', () => {
    const { requestsPerSecond } = ratesBetween(earlier, serviceDetail(11_000, { requests: 30 }));
    assert.equal(requestsPerSecond, 30);
  });

  test('have no percentile where nothing was answered', () => {
    assert.equal(ratesBetween(earlier, { ...earlier, time: 12_000 }).p95Ms, undefined);
  });
});
