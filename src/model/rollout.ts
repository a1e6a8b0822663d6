/** How many replicas change at a time, and in which order (Compose `deploy.update_config`). */
export interface UpdatePolicy {
  /** Replicas replaced at a time; 0 means all at once. */
  readonly parallelism: number;
  readonly delayMs: number;
  readonly order: 'start-first' | 'stop-first';
}
