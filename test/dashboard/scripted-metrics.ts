import type { LatencyHistogram } from '../../src/balancer/balancer-driver.ts';
import { latencyBucket } from '../../src/balancer/latency-histogram.ts';
import type { StackRegistry } from '../../src/daemon/stack/stack-registry.ts';
import type { MetricsStore } from '../../src/metrics/metrics-store.ts';
import type { ServiceDetail } from '../../src/metrics/sample/sample-detail.ts';

/** What a service is said to do in a second. */
export interface ScriptedTraffic {
  readonly requestsPerSecond: number;
  /** From 0 to 1. */
  readonly failedShare: number;
  readonly latencyMs: number;
  readonly cores: number;
  readonly memoryBytes: number;
}

export type Script = (service: string, time: number) => ScriptedTraffic;

/** Counters that have grown up to a moment. */
interface Sums {
  readonly requests: number;
  readonly failed: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly latency: ReadonlyMap<number, number>;
}

const nothing: Sums = { requests: 0, failed: 0, cpuSeconds: 0, memoryBytes: 0, latency: new Map() };
/** How the durations of a second lie around the one that the script tells. */
const spread = [
  [0.5, 0.3],
  [1, 0.5],
  [2, 0.15],
  [4, 0.05],
] as const;

/** Adds the script's seconds to the store, those of the past first, as if the replicas of the registry had served them. */
export class ScriptedMetrics {
  readonly #registry: StackRegistry;
  readonly #store: MetricsStore;
  readonly #script: Script;
  readonly #sums = new Map<string, Sums>();
  #time: number;

  constructor(registry: StackRegistry, store: MetricsStore, script: Script, pastMs: number) {
    this.#registry = registry;
    this.#store = store;
    this.#script = script;
    this.#time = Math.floor((Date.now() - pastMs) / 1000) * 1000;
  }

  /** Up to now. */
  advance(): void {
    for (; this.#time <= Date.now(); this.#time += 1000) {
      for (const { name, controller } of this.#registry.all)
        for (const service of Object.keys(controller.desired.stack.services))
          this.#store.add(this.#sample(name, service, this.#time));
    }
  }

  #sample(stack: string, service: string, time: number): ServiceDetail {
    const sums = grown(this.#sums.get(service) ?? nothing, this.#script(service, time));
    this.#sums.set(service, sums);
    const session = this.#registry.get(stack);
    const replicas = session.controller.last?.observed.byService.get(service) ?? [];
    // A little more to the first than to the last.
    const weights = replicas.map((_, index) => 1 + (replicas.length - index) / (10 * replicas.length));
    const whole = weights.reduce((sum, weight) => sum + weight, 0);
    return {
      time,
      stack,
      service,
      desired: session.controller.desired.services[service]?.replicas ?? 0,
      requests: Math.round(sums.requests),
      failed: Math.round(sums.failed),
      waiting: 0,
      waitedMs: 0,
      replicas: replicas.map(({ replica, rotation }, index) => {
        const part = (weights[index] ?? 1) / whole;
        const requests = Math.round(sums.requests * part);
        return {
          replicaId: replica.id,
          instance: replica.instance,
          revision: replica.revision,
          isReady: rotation === 'active',
          startedAt: 1,
          cpuSeconds: sums.cpuSeconds * part,
          memoryBytes: sums.memoryBytes,
          inFlight: 0,
          requests,
          failed: Math.round(sums.failed * part),
          responses: [0, requests, 0, 0, 0],
          latency: scaled(sums.latency, part),
          retried: 0,
          drained: 0,
          forced: 0,
          restarts: 0,
          cpuLimit: undefined,
          memoryLimitBytes: undefined,
        };
      }),
    };
  }
}

function grown(before: Sums, traffic: ScriptedTraffic): Sums {
  const latency = new Map(before.latency);
  for (const [factor, part] of spread) {
    const bucket = latencyBucket(traffic.latencyMs * factor);
    latency.set(bucket, (latency.get(bucket) ?? 0) + traffic.requestsPerSecond * part);
  }
  return {
    requests: before.requests + traffic.requestsPerSecond,
    failed: before.failed + traffic.requestsPerSecond * traffic.failedShare,
    cpuSeconds: before.cpuSeconds + traffic.cores,
    memoryBytes: traffic.memoryBytes,
    latency,
  };
}

function scaled(latency: Sums['latency'], part: number): LatencyHistogram {
  const buckets = Object.fromEntries(
    [...latency].map(([bucket, count]) => [bucket, Math.round(count * part)]),
  );
  return { count: Object.values(buckets).reduce((sum, count) => sum + count, 0), sumMs: 0, buckets };
}
