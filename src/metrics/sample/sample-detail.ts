import type { ReplicaSample, ServiceSample } from '../metrics-source.ts';

/** A replica's sample with what is shown and exported beside what decisions are made of. */
export interface ReplicaDetail extends ReplicaSample {
  /** Failed attempts that another replica then served. */
  readonly retried: number;
  /** In flight when draining began: finished in time, and cut. */
  readonly drained: number;
  readonly forced: number;
  /** Unasked-for ends, since the daemon began to look. */
  readonly restarts: number;
  /** In processors; undefined: none, or not known. */
  readonly cpuLimit: number | undefined;
  readonly memoryLimitBytes: number | undefined;
}

export interface ServiceDetail extends ServiceSample {
  readonly replicas: readonly ReplicaDetail[];
}
