/** After so long without an answer, what was known of its pace counts for a third, so that one that was slow is asked again. */
const memoryMs = 10_000;
/** What an unknown pace counts as beside requests that have not been answered: others are asked meanwhile. */
const unknownMs = 1_000;

/** How fast an endpoint answers: a moving average of the time until its response begins, weighted by age. */
export class Pace {
  #averageMs = 0;
  #knownAt = 0;
  #isKnown = false;

  answered(now: number, tookMs: number): void {
    const trust = this.#isKnown ? Math.exp(-Math.max(0, now - this.#knownAt) / memoryMs) : 0;
    // A worse answer is believed sooner than a better one: requests should leave a replica that slows down.
    const inertia = tookMs > this.#averageMs ? 0.7 : 0.9;
    this.#averageMs = tookMs + (this.#averageMs - tookMs) * inertia * trust;
    this.#knownAt = now;
    this.#isKnown = true;
  }

  /** One that nobody knows is asked first, by one request. */
  cost(now: number, inFlight: number): number {
    if (!this.#isKnown) return inFlight * unknownMs;
    return this.#averageMs * Math.exp(-Math.max(0, now - this.#knownAt) / memoryMs) * (inFlight + 1);
  }
}
