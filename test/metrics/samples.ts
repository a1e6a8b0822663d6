import type { LatencyHistogram } from '../../src/balancer/balancer-driver.ts';
import { AnswerCounts } from '../../src/balancer/proxy/visibility/answers.ts';
import type { ReplicaDetail, ServiceDetail } from '../../src/metrics/sample/sample-detail.ts';

export function latencyOf(durations: readonly number[]): LatencyHistogram {
  const counts = new AnswerCounts();
  for (const duration of durations) counts.ended(duration);
  return counts.read().latency;
}

export function replicaDetail(index: number, fields: Partial<ReplicaDetail> = {}): ReplicaDetail {
  return {
    replicaId: `id-${index}`,
    instance: `web-${index}`,
    revision: 'a'.repeat(64),
    isReady: true,
    startedAt: 1_000,
    cpuSeconds: 1.25,
    memoryBytes: 50_000_000,
    cpuLimit: undefined,
    memoryLimitBytes: undefined,
    inFlight: 0,
    requests: 0,
    failed: 0,
    retried: 0,
    drained: 0,
    forced: 0,
    restarts: 0,
    responses: [0, 0, 0, 0, 0],
    latency: latencyOf([]),
    ...fields,
  };
}

export function serviceDetail(time: number, fields: Partial<ServiceDetail> = {}): ServiceDetail {
  return {
    time,
    stack: 'demo',
    service: 'web',
    desired: 2,
    requests: 0,
    failed: 0,
    waiting: 0,
    waitedMs: 0,
    replicas: [replicaDetail(1), replicaDetail(2)],
    ...fields,
  };
}
