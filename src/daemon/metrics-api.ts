/*
 * What the daemon says of its metrics:
 *
 *   GET /v1/stacks/NAME/metrics                                  → MetricsReply: one point a service, over the last ten seconds
 *   GET /v1/stacks/NAME/metrics?from=MS&to=MS&step=MS&service=a&replicas=1   → MetricsReply: a course
 *
 * Times are milliseconds since the epoch; `to` is now when left out, and `step` is as fine as is known (1 s over the last
 * 15 minutes, 10 s over an hour, a minute over a day), in at most 720 points. With `from`, points carry their replicas only
 * when asked for.
 */

export interface MetricsReply {
  readonly stack: string;
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly services: readonly ServiceMetrics[];
}

export interface ServiceMetrics {
  readonly service: string;
  /** Oldest first. */
  readonly points: readonly MetricsPoint[];
}

/** What is known of a service or a replica over some seconds. */
export interface TrafficFigures {
  readonly requestsPerSecond: number;
  /** A service: requests that got no good answer. A replica: attempts that it failed. */
  readonly failedPerSecond: number;
  /** By class of status, from 1xx to 5xx. */
  readonly responsesPerSecond: readonly [number, number, number, number, number];
  /** Null: nothing was answered. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  readonly inFlight: number;
  /** Processors in use: 0.5 is a half of one. Null: not known. */
  readonly cpu: number | null;
  readonly memoryBytes: number | null;
}

/** From one sample to the next that was taken. */
export interface MetricsPoint extends TrafficFigures {
  readonly from: number;
  readonly to: number;
  readonly desired: number;
  /** In rotation, or healthy where the service takes no traffic. */
  readonly ready: number;
  /** Requests that wait for a replica. */
  readonly waiting: number;
  /** How long a request waited for a replica on average. */
  readonly waitedMs: number;
  readonly replicas?: readonly ReplicaMetrics[];
}

export interface ReplicaMetrics extends TrafficFigures {
  readonly instance: string;
  readonly replicaId: string;
  readonly revision: string;
  readonly isReady: boolean;
}
