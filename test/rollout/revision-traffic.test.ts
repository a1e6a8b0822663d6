import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplicaSample, ServiceSample } from '../../src/metrics/metrics-source.ts';
import { trafficOfRevision } from '../../src/rollout/gate/revision-traffic.ts';

const replica = (replicaId: string, revision: string, fields: Partial<ReplicaSample>): ReplicaSample => ({
  replicaId,
  instance: replicaId,
  revision,
  isReady: true,
  startedAt: 0,
  cpuSeconds: undefined,
  memoryBytes: undefined,
  inFlight: 0,
  requests: 0,
  failed: 0,
  responses: [0, 0, 0, 0, 0],
  latency: { count: 0, sumMs: 0, buckets: {} },
  ...fields,
});

const sample = (time: number, replicas: readonly ReplicaSample[]): ServiceSample => ({
  time,
  stack: 'demo',
  service: 'web',
  desired: 1,
  requests: 0,
  failed: 0,
  waiting: 0,
  waitedMs: 0,
  replicas,
});

test('counts what each replica of the revision answered since the first sample, and all of what began since', () => {
  const latency = (count: number) => ({ count, sumMs: count * 10, buckets: { 27: count } });
  const samples = [
    sample(100, [
      replica('old', 'a', { responses: [0, 50, 0, 5, 5], failed: 1, latency: latency(60) }),
      replica('other', 'b', { responses: [0, 9, 0, 0, 0] }),
    ]),
    sample(200, [
      replica('old', 'a', { responses: [0, 80, 0, 7, 8], failed: 2, latency: latency(95) }),
      replica('new', 'a', { startedAt: 150, responses: [0, 4, 0, 0, 1], latency: latency(5) }),
    ]),
  ];
  assert.deepEqual(trafficOfRevision(samples, 'a', 100), {
    requests: 30 + 2 + 3 + 1 + 5,
    errors: 3 + 1 + 1,
    latency: { count: 40, sumMs: 400, buckets: { 27: 40 } },
  });
});

test('a replica that was started anew counts from zero, and one that is gone as far as it was seen', () => {
  const samples = [
    sample(100, [replica('one', 'a', { responses: [0, 100, 0, 0, 0] })]),
    sample(150, [replica('one', 'a', { responses: [0, 110, 0, 0, 0] })]),
    sample(200, [replica('one', 'a', { startedAt: 160, responses: [0, 3, 0, 0, 0] })]),
  ];
  assert.equal(trafficOfRevision(samples, 'a', 100).requests, 10 + 3);
  assert.equal(trafficOfRevision([], 'a', 100).requests, 0);
});
