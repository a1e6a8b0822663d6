/*
 * What a decision is made of: plain numbers that survive a file unchanged, so that a recorded decision can be made again.
 * Times are milliseconds since the epoch; undefined is what could not be measured.
 */

/** One replica over the window that ends now. */
export interface ReplicaReading {
  readonly instance: string;
  readonly isReady: boolean;
  readonly startedAt: number;
  /** When it last became ready, or ceased to be. */
  readonly readyChangedAt: number;
  /** Cores that it used, on average. */
  readonly cpuCores?: number;
  readonly memoryBytes?: number;
  /** On average. */
  readonly inFlight?: number;
  readonly requestsPerSecond?: number;
}

/** One service over the window that ends now. */
export interface ServiceReading {
  /** Requests that clients sent, per second; undefined: not measured for long enough. */
  readonly requestsPerSecond?: number;
  /** Requests that waited for a replica, on average. */
  readonly waiting: number;
  /** Requests that wait for a replica at this moment. */
  readonly waitingNow: number;
  /** Time that a request waited for a replica, on average; undefined without requests. */
  readonly queueMs?: number;
  /** 95th percentile of the time that replicas took to answer; undefined without answers. */
  readonly p95Ms?: number;
  readonly replicas: readonly ReplicaReading[];
}

/** The answer to a query, by its place among the metrics of the policy. */
export type QueryReading =
  { readonly metric: number; readonly value: number } | { readonly metric: number; readonly error: string };

export interface MemoryReading {
  /** What the machine has left, its reserve taken off. */
  readonly roomBytes: number;
  /** What replicas that are starting will still take of it. */
  readonly promisedBytes: number;
  /** What one more replica takes: its limit, else what the others take on average; undefined: not known. */
  readonly perReplicaBytes?: number;
  readonly basis: 'limit' | 'measured';
}

/** Connections to one service that other services may take, of those that it has in all. */
export interface ConnectionReading {
  readonly service: string;
  readonly takenByOthers: number;
}

/** Everything that one decision is made of, beside the policy and the state. */
export interface AutoscaleInput {
  readonly now: number;
  /** Replicas that are wanted at present. */
  readonly current: number;
  /** Undefined: nothing was measured lately. */
  readonly service?: ServiceReading;
  readonly queries: readonly QueryReading[];
  readonly memory?: MemoryReading;
  readonly connections: readonly ConnectionReading[];
  /** Replicas of one revision are giving way to those of another. */
  readonly isRollingOut: boolean;
  readonly isPaused: boolean;
}
