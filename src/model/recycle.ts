/** When a replica is replaced by a new one of the same revision, however well it does (`x-tenfold.recycle`). */
export interface RecyclePolicy {
  /** Requests that it has been given in its present run; undefined: any number. */
  readonly maxRequests: number | undefined;
  /** Time since its present run began. */
  readonly maxAgeMs: number | undefined;
  /** Resident memory without page cache. */
  readonly maxMemoryBytes: number | undefined;
  /** From 0 to 1: limits of requests and age are up to this part higher, by another amount for each replica. */
  readonly jitter: number;
}
