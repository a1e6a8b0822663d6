import type { LatencyHistogram } from '../balancer/balancer-driver.ts';

/** One replica at one moment. Counters only grow over the life of the replica. */
export interface ReplicaSample {
  readonly replicaId: string;
  readonly instance: string;
  readonly revision: string;
  /** Running, healthy and in rotation (or healthy, where the service takes no traffic). */
  readonly isReady: boolean;
  /** When its present run began, milliseconds since the epoch. */
  readonly startedAt: number;
  /** Processor time used, seconds; undefined where the runtime does not know. */
  readonly cpuSeconds: number | undefined;
  /** Resident memory without page cache. */
  readonly memoryBytes: number | undefined;
  readonly inFlight: number;
  readonly requests: number;
  /** Attempts that it failed. */
  readonly failed: number;
  /** Responses by class of status, from 1xx to 5xx. */
  readonly responses: readonly [number, number, number, number, number];
  readonly latency: LatencyHistogram;
}

/** One service at one moment. */
export interface ServiceSample {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly stack: string;
  readonly service: string;
  readonly desired: number;
  /** Requests that clients sent, and those that got no good answer, over whichever listeners and routes. Only grow, but for a balancer's loss. */
  readonly requests: number;
  readonly failed: number;
  /** Requests that wait for a replica now. */
  readonly waiting: number;
  /** Time that requests spent waiting for a replica, over all. Only grows. */
  readonly waitedMs: number;
  readonly replicas: readonly ReplicaSample[];
}

/** What the parts that decide (autoscaler, canary gate) and those that show may ask of the metrics. */
export interface MetricsSource {
  /** The newest sample of a service; undefined before the first. */
  latest(stack: string, service: string): ServiceSample | undefined;

  /** Samples of a service with `from` ≤ time ≤ `to`, oldest first, about one a second over the last 15 minutes. */
  between(stack: string, service: string, from: number, to: number): readonly ServiceSample[];

  /** Calls `onSample` for each new sample of any service until the signal aborts. */
  watch(onSample: (sample: ServiceSample) => void, signal: AbortSignal): void;
}
