import { latencyBucket } from '../../src/balancer/latency-histogram.ts';
import type { BalancerObservation, PoolObservation } from '../../src/balancer/balancer-driver.ts';
import { noRequests } from '../../src/balancer/request-figures.ts';
import { poolId, type Desired } from '../../src/controller/desired.ts';
import type { ScaledStack } from '../../src/daemon/autoscale/scaled-service.ts';
import type { StackEvent } from '../../src/daemon/control-api.ts';
import type { MetricsSource, ReplicaSample, ServiceSample } from '../../src/metrics/metrics-source.ts';
import type { AutoscalePolicy } from '../../src/model/autoscale.ts';
import { desiredOf, webService } from '../helpers/simulated/memory-stack.ts';

type Watcher = (sample: ServiceSample) => void;

/** A stack of one service `web` in memory whose replicas are what is desired, and the metrics of a load that is shared among them. */
export interface ModelledService {
  readonly stack: ScaledStack;
  readonly metrics: MetricsSource;
  readonly balancer: { observe(): Promise<BalancerObservation> };
  readonly events: Omit<StackEvent, 'time' | 'stack'>[];
  desired: Desired;
  /** Requests in flight in all, while there is a replica. */
  load: number;
  /** Requests that wait for one. */
  waiting: number;
  /** Requests that wait for another service of the stack. */
  waitingElsewhere: number;
  /** What storing a state throws. */
  failure: Error | undefined;
  /** Takes one sample at that time. */
  sample(time: number): void;
}

export function modelledService(policy: AutoscalePolicy, replicas = 1): ModelledService {
  const desired = desiredOf([webService({ autoscale: policy, replicas })], { web: { source: 'autoscaler' } });
  const samples: ServiceSample[] = [];
  const watchers = new Set<Watcher>();
  const started = new Map<number, number>();
  let requests = 0;
  const model: ModelledService = {
    desired,
    load: 0,
    waiting: 0,
    waitingElsewhere: 0,
    failure: undefined,
    events: [],
    stack: {
      name: 'demo',
      // Of a controller, the autoscaler looks at these two.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      controller: {
        get desired() {
          return model.desired;
        },
        last: undefined,
      } as ScaledStack['controller'],
      amend(update) {
        if (model.failure !== undefined) return Promise.reject(model.failure);
        const next = update(model.desired);
        if (next !== undefined) model.desired = next;
        return Promise.resolve(next !== undefined);
      },
      record: (event) => void model.events.push(event),
    },
    metrics: {
      latest: () => samples.at(-1),
      between: (_stack, _service, from, to) => samples.filter(({ time }) => time >= from && time <= to),
      watch: (onSample, signal) => {
        watchers.add(onSample);
        signal.addEventListener('abort', () => watchers.delete(onSample), { once: true });
      },
    },
    balancer: {
      observe: () => {
        const waitingAt = (service: string, waiting: number): PoolObservation => ({
          ...noRequests,
          id: poolId('demo', service, 80),
          waiting,
        });
        const pools = [waitingAt('web', model.waiting), waitingAt('api', model.waitingElsewhere)];
        return Promise.resolve({ endpoints: [], pools, listeners: [] });
      },
    },
    sample(time) {
      const count = model.desired.services['web']?.replicas ?? 0;
      for (const index of started.keys()) if (index > count) started.delete(index);
      requests += model.load * 10;
      const present = Array.from({ length: count }, (_, position): ReplicaSample => {
        const index = position + 1;
        const startedAt = started.get(index) ?? time;
        started.set(index, startedAt);
        const answered = Math.round((requests * 10) / Math.max(1, count));
        return {
          replicaId: `id-${index}`,
          instance: `web-${index}`,
          revision: 'a'.repeat(64),
          isReady: time > startedAt,
          startedAt,
          cpuSeconds: requests / 1_000,
          memoryBytes: 50_000_000 + index,
          inFlight: time > startedAt ? model.load / count : 0,
          requests: answered,
          failed: 0,
          responses: [0, answered, 0, 0, 0],
          latency: { count: answered, sumMs: answered * 90, buckets: { [latencyBucket(90)]: answered } },
        };
      });
      const { waiting } = model;
      const sample = {
        time,
        stack: 'demo',
        service: 'web',
        desired: count,
        requests,
        failed: 0,
        waiting,
        waitedMs: 0,
      };
      samples.push({ ...sample, replicas: present });
      if (samples.length > 100) samples.shift();
      for (const watcher of watchers) watcher({ ...sample, replicas: present });
    },
  };
  return model;
}
