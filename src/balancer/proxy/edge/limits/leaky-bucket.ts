/** Bounds the memory that clients with ever new keys can take. */
const maxKeys = 100_000;

export type BucketVerdict =
  | { readonly isLet: true; readonly delayMs: number }
  /** No request of the key gets through before `until`. */
  | { readonly isLet: false; readonly until: number };

/**
 * nginx `limit_req`: one request each `intervalMs`, and `burst` more at once. For each key only the time is kept at which its
 * bucket will have run empty. Times in milliseconds since the epoch.
 */
export class LeakyBuckets {
  readonly #emptyAt = new Map<string, number>();

  get size(): number {
    return this.#emptyAt.size;
  }

  take(key: string, intervalMs: number, burst: number, now: number): BucketVerdict {
    const emptyAt = Math.max(now, this.#emptyAt.get(key) ?? 0);
    const waitMs = emptyAt - now;
    // A hair's breadth for the fractions of a millisecond.
    if (waitMs > burst * intervalMs + 0.001) return { isLet: false, until: emptyAt - burst * intervalMs };
    this.#emptyAt.delete(key);
    this.#emptyAt.set(key, emptyAt + intervalMs);
    if (this.#emptyAt.size > maxKeys) this.#makeRoom(now);
    return { isLet: true, delayMs: waitMs };
  }

  /** Forgets buckets that are empty. */
  prune(now: number): void {
    for (const [key, emptyAt] of this.#emptyAt) if (emptyAt <= now) this.#emptyAt.delete(key);
  }

  /** The keys that were used longest ago come first. */
  #makeRoom(now: number): void {
    let toDrop = maxKeys / 10;
    for (const [key, emptyAt] of this.#emptyAt) {
      if (toDrop-- <= 0 && emptyAt > now) break;
      this.#emptyAt.delete(key);
    }
  }
}
