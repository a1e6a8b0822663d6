/** What a load of some seconds showed. */
export interface Observation {
  /** Answers per second, once it ran evenly. */
  readonly throughput: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly failedShare: number;
  readonly machineCpu: number;
  readonly generatorCores: number;
}

/** A service that can be scaled and loaded. */
export interface Bench {
  /** Replicas that it has before anything is done to it. */
  readonly replicas: number;
  readonly cores: number;
  /** Returns once so many replicas are in rotation. */
  scaleTo(replicas: number): Promise<void>;
  /** So many users, each waiting for the answer. */
  loadUsers(users: number, durationMs: number): Promise<Observation>;
  /** So many requests per second, whether they are answered or not. */
  loadRate(ratePerSecond: number, durationMs: number): Promise<Observation>;
}
