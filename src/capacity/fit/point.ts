/** What was measured with a number of replicas. */
export interface CapacityPoint {
  readonly replicas: number;
  /** Answers per second at saturation. */
  readonly throughput: number;
}

/** A curve of throughput over replicas. */
export interface CapacityModel {
  readonly kind: 'usl' | 'ceiling';
  predict(replicas: number): number;
  /** The most that any number of replicas reaches; undefined when there is no such limit. */
  readonly ceiling: number | undefined;
}
