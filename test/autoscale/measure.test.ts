import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readMemory } from '../../src/autoscale/measure/read-memory.ts';
import { readService } from '../../src/autoscale/measure/read-service.ts';
import { noReadiness, noteReadiness, runOf } from '../../src/autoscale/measure/readiness.ts';
import { latencyBucket } from '../../src/balancer/latency-histogram.ts';
import type { ReplicaSample, ServiceSample } from '../../src/metrics/metrics-source.ts';
import { noon, second, serviceOf } from './samples.ts';

function replicaSample(index: number, fields: Partial<ReplicaSample> = {}): ReplicaSample {
  return {
    replicaId: `id-${index}`,
    instance: `web-${index}`,
    revision: 'a',
    isReady: true,
    startedAt: noon - 3_600_000,
    cpuSeconds: undefined,
    memoryBytes: undefined,
    inFlight: 0,
    requests: 0,
    failed: 0,
    responses: [0, 0, 0, 0, 0],
    latency: { count: 0, sumMs: 0, buckets: {} },
    ...fields,
  };
}

function sampleOf(
  ageMs: number,
  replicas: readonly ReplicaSample[],
  fields: Partial<ServiceSample> = {},
): ServiceSample {
  return {
    time: noon - ageMs,
    stack: 'demo',
    service: 'web',
    desired: replicas.length,
    requests: 0,
    failed: 0,
    waiting: 0,
    waitedMs: 0,
    replicas,
    ...fields,
  };
}

function read(samples: readonly ServiceSample[], current: number, leaving: readonly string[] = []) {
  return readService(
    { samples, readiness: noReadiness, leaving: new Set(leaving), current },
    10 * second,
    noon,
  );
}

describe('a reading', () => {
  test('has rates over the window, and averages of what is counted at a moment', () => {
    const reading = read(
      [
        sampleOf(10_000, [replicaSample(1, { cpuSeconds: 5, inFlight: 2, requests: 100 })], {
          requests: 100,
        }),
        sampleOf(5_000, [replicaSample(1, { cpuSeconds: 6, inFlight: 3, requests: 120 })], {
          requests: 120,
          waiting: 6,
        }),
        sampleOf(0, [replicaSample(1, { cpuSeconds: 8, inFlight: 4, requests: 150, memoryBytes: 1_000 })], {
          requests: 150,
          waitedMs: 500,
        }),
      ],
      1,
    );
    assert.deepEqual(reading, {
      requestsPerSecond: 5,
      waiting: 2,
      waitingNow: 0,
      // By those that wait on average, which is longer than those took that waited: 2 / 5 s.
      queueMs: 400,
      replicas: [
        {
          instance: 'web-1',
          isReady: true,
          startedAt: noon - 3_600_000,
          readyChangedAt: noon - 3_600_000,
          cpuCores: 0.3,
          memoryBytes: 1_000,
          inFlight: 3,
          requestsPerSecond: 5,
        },
      ],
    });
  });

  test('gives the 95th percentile of the answers of the window, of all replicas together', () => {
    const answers = (count: number, slow: number) => ({
      count: count + slow,
      sumMs: 0,
      buckets: { [latencyBucket(100)]: count, [latencyBucket(1_000)]: slow },
    });
    const before = [replicaSample(1, { latency: answers(500, 500) }), replicaSample(2)];
    const after = [
      replicaSample(1, { latency: answers(590, 500) }),
      replicaSample(2, { latency: answers(0, 10) }),
    ];
    const p95Ms = read([sampleOf(10_000, before), sampleOf(0, after)], 2)?.p95Ms ?? 0;
    assert.ok(p95Ms > 900 && p95Ms < 1_100, String(p95Ms));
  });

  test('counts a replica that was there for a part of the window for that part only', () => {
    const old = replicaSample(1, { inFlight: 6 });
    const young = replicaSample(2, { inFlight: 2 });
    const shared = replicaSample(1, { inFlight: 2 });
    const reading = read([sampleOf(10_000, [old]), sampleOf(5_000, [old]), sampleOf(0, [shared, young])], 2);
    const inFlight = reading?.replicas.map((replica) => replica.inFlight ?? 0) ?? [];
    assert.equal(Math.round(10 * inFlight.reduce((sum, each) => sum + each, 0)), Math.round((10 * 16) / 3));
  });

  test('takes the requests in flight from the time that answers took, where counting them agrees but for chance', () => {
    const answered = (count: number) => ({ count, sumMs: count * 100, buckets: { 54: count } });
    const inFlightOf = (...counts: number[]) =>
      read(
        counts.map((inFlight, index) =>
          sampleOf(10_000 - index * 5_000, [replicaSample(1, { inFlight, latency: answered(index * 90) })]),
        ),
        1,
      )?.replicas[0]?.inFlight;
    // 180 answers of 100 ms in 10 s.
    assert.equal(inFlightOf(3, 2, 2), 1.8);
    assert.equal(inFlightOf(0, 1, 2), 1.8);
    // Beside them hang some that are not answered.
    assert.equal(inFlightOf(22, 20, 21), 21);
  });

  test('does not know of a replica what was not measured twice', () => {
    const replica = read([sampleOf(10_000, []), sampleOf(0, [replicaSample(1, { cpuSeconds: 9 })])], 1)
      ?.replicas[0];
    assert.equal(replica?.cpuCores, undefined);
  });

  test('leaves out what is on its way out, and counts what does not run yet as not ready', () => {
    const both = [replicaSample(1), replicaSample(2)];
    const reading = read([sampleOf(10_000, both), sampleOf(0, both)], 3, ['id-1']);
    assert.deepEqual(
      reading?.replicas.map(({ instance, isReady }) => [instance, isReady]),
      [
        ['web-2', true],
        ['', false],
        ['', false],
      ],
    );
  });

  test('is none without a fresh sample, and knows no rates of a short time', () => {
    assert.equal(read([], 1), undefined);
    assert.equal(read([sampleOf(10_000, []), sampleOf(6_000, [])], 1), undefined);
    const short = read([sampleOf(4_000, []), sampleOf(0, [], { waiting: 2 })], 0);
    assert.deepEqual([short?.requestsPerSecond, short?.waitingNow], [undefined, 2]);
  });

  test('sees what came by a route of another service at the replicas', () => {
    const samples = [10_000, 0].map((ageMs) =>
      sampleOf(ageMs, [replicaSample(1, { requests: 50 - ageMs / 1_000 })]),
    );
    assert.equal(read(samples, 1)?.requestsPerSecond, 1);
  });
});

describe('readiness', () => {
  test('remembers since when, and takes what it sees first to be so from the start', () => {
    const ready = replicaSample(1, { isReady: true });
    const unready = replicaSample(1, { isReady: false });
    const first = noteReadiness(noReadiness, sampleOf(9_000, [unready]));
    const second = noteReadiness(first, sampleOf(8_000, [ready]));
    const third = noteReadiness(second, sampleOf(7_000, [ready]));
    const at = (log: typeof first) => log.get(runOf(ready));
    assert.deepEqual(at(first), { isReady: false, changedAt: ready.startedAt });
    assert.deepEqual(at(third), { isReady: true, changedAt: noon - 8_000 });
    assert.equal(noteReadiness(third, sampleOf(6_000, [])).size, 0);
  });

  test('begins anew with a new run', () => {
    const run = replicaSample(1, { isReady: true });
    const again = replicaSample(1, { isReady: true, startedAt: noon });
    const log = noteReadiness(noteReadiness(noReadiness, sampleOf(2_000, [run])), sampleOf(0, [again]));
    assert.deepEqual([...log.values()], [{ isReady: true, changedAt: noon }]);
  });
});

describe('room in the machine’s memory', () => {
  const policy = { memoryLimitBytes: undefined, memoryReserveBytes: undefined };
  const machine = { totalBytes: 1_000, availableBytes: 500 };
  const replicas = [{ memoryBytes: 90 }, { memoryBytes: 110 }, { memoryBytes: 20, isReady: false }];

  test('is what is available less a tenth of all, for replicas of the size that was measured', () => {
    assert.deepEqual(readMemory(policy, serviceOf(replicas), machine), {
      roomBytes: 400,
      promisedBytes: 80,
      perReplicaBytes: 100,
      basis: 'measured',
    });
  });

  test('is less what the file reserves, for replicas at their limit', () => {
    const given = { memoryLimitBytes: 200, memoryReserveBytes: 50 };
    assert.deepEqual(readMemory(given, serviceOf(replicas), machine), {
      roomBytes: 450,
      promisedBytes: 180,
      perReplicaBytes: 200,
      basis: 'limit',
    });
  });

  test('is not known for replicas of which nothing is known', () => {
    assert.equal(readMemory(policy, serviceOf([{}]), machine).perReplicaBytes, undefined);
  });
});
