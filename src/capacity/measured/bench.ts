/** What a load of some seconds showed. */
export interface Observation {
  /** Answers per second, once it ran evenly. */
  readonly throughput: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly failedShare: number;
  /** Share of this machine's processor time that was used by anything, from 0 to 1. */
  readonly machineCpu: number;
  /** Cores that the load test itself kept busy. */
  readonly generatorCores: number;
  /** Left out where the kernel does not tell. */
  readonly processes?: ProcessLoad;
}

/** Who used the processors, and who wanted to. */
export interface ProcessLoad {
  /** Cores that the service, the proxy and the load test kept busy. */
  readonly ownCores: number;
  /** Cores that each replica kept busy or waited for: near 1 for one that could run all the time and does one thing at once. */
  readonly wantedPerReplica: number;
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
