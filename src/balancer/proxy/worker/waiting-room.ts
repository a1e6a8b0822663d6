/** A request, or connection, that waits for an endpoint. */
export interface Waiter {
  /** Goes on if an endpoint can be had now, and returns whether it did. */
  tryNow(): boolean;
  /** It has been refused by some endpoints, so that others may go on when it cannot. */
  readonly isRetry: boolean;
}

/** Those that wait for an endpoint of a pool in this worker, first come, first served. */
export class WaitingRoom {
  readonly #waiters = new Set<Waiter>();
  #isServing = false;

  get size(): number {
    return this.#waiters.size;
  }

  enter(waiter: Waiter): void {
    this.#waiters.add(waiter);
  }

  leave(waiter: Waiter): void {
    this.#waiters.delete(waiter);
  }

  /** Lets those in front go on, as far as there are endpoints for them. */
  serve(): void {
    // A waiter that goes on may fail at once, which serves again.
    if (this.#isServing) return;
    this.#isServing = true;
    try {
      for (const waiter of this.#waiters) {
        if (waiter.tryNow()) this.#waiters.delete(waiter);
        else if (!waiter.isRetry) return;
      }
    } finally {
      this.#isServing = false;
    }
  }
}
