/** Counters that all replicas share. */
export interface Counters {
  /** Where the numbers are kept, for people: `files in ./data`, `Redis at redis:6379`. */
  readonly place: string;
  /** Adds one to each named counter and returns the new value of the first. */
  increment(first: string, ...more: readonly string[]): Promise<number>;
  read(name: string): Promise<number>;
  /** All counters whose name begins with the prefix, by the rest of their name. */
  readAll(prefix: string): Promise<Record<string, number>>;
  /** Throws StoreUnavailable when nothing can be counted now. */
  check(): Promise<void>;
  close(): void;
}

/** The store cannot be used now; the message says why. Answered with 503. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}
