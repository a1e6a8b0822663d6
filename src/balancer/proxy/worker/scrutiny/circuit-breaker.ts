import type { CircuitBreakerPolicy } from '../../../../model/balancing.ts';

/** A probe without a verdict for so long is taken for lost, and another one is let through. */
const probePatienceMs = 1_000;

/**
 * Closed: all requests pass. Open: none does, until the time is up. Half-open: one at a time, until enough in a row were
 * answered well (closed), or one was not (open again).
 */
export class CircuitBreaker {
  policy: CircuitBreakerPolicy;
  #state: 'closed' | 'open' | 'half-open' = 'closed';
  #openUntil = 0;
  #attempts = 0;
  #errors = 0;
  #windowEndsAt = 0;
  #probedAt = -Infinity;
  #goodProbes = 0;
  /** Told when it opened (until when), or closed (0), by what happened here. */
  onChange: (openUntil: number) => void = () => {};

  constructor(policy: CircuitBreakerPolicy) {
    this.policy = policy;
  }

  /** Until when it is open; 0 when it is closed. Milliseconds since the epoch. */
  get openUntil(): number {
    return this.#openUntil;
  }

  /** Whether a request may pass; one that may in the half-open state is a probe. */
  admits(now: number): boolean {
    if (this.#state === 'closed') return true;
    if (this.#state === 'open') {
      if (now < this.#openUntil) return false;
      this.#state = 'half-open';
      this.#goodProbes = 0;
      this.#probedAt = -Infinity;
    }
    if (now - this.#probedAt < probePatienceMs) return false;
    this.#probedAt = now;
    return true;
  }

  /** What became of an attempt. */
  note(now: number, isGood: boolean): void {
    // While it is open, only what was asked before is still answered, and says nothing about now.
    if (this.#state === 'open') return;
    if (this.#state === 'half-open') {
      this.#probedAt = -Infinity;
      if (!isGood) return this.#opened(now + this.policy.openMs);
      if (++this.#goodProbes < this.policy.probes) return;
      this.set(0);
      this.onChange(0);
      return;
    }
    if (now >= this.#windowEndsAt) {
      this.#windowEndsAt = now + this.policy.windowMs;
      this.#attempts = 0;
      this.#errors = 0;
    }
    this.#attempts++;
    if (isGood) return;
    this.#errors++;
    const { minRequests, errorShare, openMs } = this.policy;
    if (this.#attempts >= minRequests && this.#errors >= this.#attempts * errorShare)
      this.#opened(now + openMs);
  }

  /** What another worker found out: open until then, or closed (0). */
  set(openUntil: number): void {
    this.#state = openUntil === 0 ? 'closed' : 'open';
    this.#openUntil = openUntil;
    this.#windowEndsAt = 0;
  }

  #opened(until: number): void {
    this.set(until);
    this.onChange(until);
  }
}
