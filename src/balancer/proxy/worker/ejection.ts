import type { BalancingPolicy } from '../../../model/balancing.ts';

type EjectionPolicy = Pick<BalancingPolicy, 'maxFails' | 'failTimeoutMs'>;

const failedReason = 'requests to it failed one after another';

/** Passive health (nginx `max_fails`, `fail_timeout`): failed attempts eject; later one probe request may return it. */
export class Ejection {
  readonly #onChange: () => void;
  #failures = 0;
  #windowEndsAt = 0;
  #ejectedUntil = 0;
  #isProbing = false;
  #reason = '';

  /** `onChange` is told when what `allows` says may have changed, other than by time. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Why, in words for a person. */
  get reason(): string {
    return this.#reason;
  }

  /** Milliseconds since the epoch; 0 when not ejected. */
  get until(): number {
    return this.#ejectedUntil;
  }

  /** True when a request may go to it: not ejected, or the time is up and nobody probes it yet. */
  allows(now: number): boolean {
    return this.#ejectedUntil === 0 || (now >= this.#ejectedUntil && !this.#isProbing);
  }

  /** Called when a request was given to it; the first after an ejection is the probe. */
  chosen(now: number): void {
    if (this.#ejectedUntil === 0 || now < this.#ejectedUntil) return;
    this.#isProbing = true;
    this.#onChange();
  }

  /** Returns true when this failure ejected it. */
  failed(now: number, policy: EjectionPolicy): boolean {
    if (policy.maxFails <= 0) return false;
    if (this.#ejectedUntil !== 0) {
      if (!this.#isProbing) return false;
      this.eject(now + policy.failTimeoutMs, failedReason);
      return true;
    }
    if (now >= this.#windowEndsAt) {
      this.#failures = 0;
      this.#windowEndsAt = now + policy.failTimeoutMs;
    }
    if (++this.#failures < policy.maxFails) return false;
    this.eject(now + policy.failTimeoutMs, failedReason);
    return true;
  }

  /** Returns true when this success ended an ejection. */
  succeeded(now: number): boolean {
    if (this.#ejectedUntil === 0) return false;
    // An answer to a request from before the ejection proves nothing.
    if (now < this.#ejectedUntil) return false;
    this.clear();
    return true;
  }

  /** The probe was given up without a verdict. */
  released(): void {
    if (!this.#isProbing) return;
    this.#isProbing = false;
    this.#onChange();
  }

  eject(until: number, reason: string): void {
    this.#ejectedUntil = Math.max(this.#ejectedUntil, until);
    this.#isProbing = false;
    this.#failures = 0;
    this.#windowEndsAt = 0;
    this.#reason = reason;
    this.#onChange();
  }

  clear(): void {
    this.#ejectedUntil = 0;
    this.#isProbing = false;
    this.#failures = 0;
    this.#windowEndsAt = 0;
    this.#onChange();
  }
}
