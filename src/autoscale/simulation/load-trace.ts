/** What one replica can do: a model of an M/M/1 server that shares its time among the requests in it. */
export interface ReplicaModel {
  /** Requests per second at which it is busy all the time. */
  readonly capacity: number;
  /** From its start to ready. */
  readonly startMs: number;
  /** Cores that it uses when busy all the time. */
  readonly cores: number;
  readonly memoryBytes: number;
}

/** From a time on, so many requests come each second. */
export interface LoadPoint {
  readonly atMs: number;
  readonly requestsPerSecond: number;
}

export interface LoadTrace {
  readonly replica: ReplicaModel;
  /** In order of time; the last one lasts as long as the one before it. */
  readonly load: readonly LoadPoint[];
}

/** Requests per second at a time after the beginning. */
export function loadAt({ load }: LoadTrace, atMs: number): number {
  return load.findLast((point) => point.atMs <= atMs)?.requestsPerSecond ?? 0;
}

/** How long the trace lasts. */
export function lengthOf({ load }: LoadTrace): number {
  const last = load.at(-1)?.atMs ?? 0;
  return last + Math.max(1, last - (load.at(-2)?.atMs ?? 0));
}
