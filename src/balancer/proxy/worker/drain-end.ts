import type { EndpointState } from './endpoint-state.ts';

const longestSpreadMs = 5_000;
const steps = 50;

/** The last part of a drain, in which streams are closed: a fifth of it, at most 5 s. */
export function spreadMsOf(drainTimeoutMs: number): number {
  return Math.min(longestSpreadMs, drainTimeoutMs / 5);
}

/**
 * Part of the streams to be closed now, when those before were closed at `lastAt` and none may be left at `endsAt`. Each stream
 * so has the same chance of every moment, also one that comes late.
 */
export function closingShare(lastAt: number, now: number, endsAt: number): number {
  return now >= endsAt ? 1 : (now - lastAt) / (endsAt - lastAt);
}

/**
 * Ends what is in flight to an endpoint that drains. Streams are closed one by one over the last stretch, in every worker by
 * itself, so that their clients do not all come back at once. The last tenth of it is left to them for their goodbye; at the
 * deadline all that is left is cut.
 */
export class DrainEnd {
  readonly deadline: number;
  readonly #endpoint: EndpointState;
  readonly #spreadMs: number;
  #timer: NodeJS.Timeout;
  /** On the steady clock, from here on. */
  #lastStepAt = 0;

  /** `deadline` and `now` in milliseconds since the epoch. */
  constructor(endpoint: EndpointState, deadline: number, drainTimeoutMs: number, now: number) {
    this.deadline = deadline;
    this.#endpoint = endpoint;
    this.#spreadMs = spreadMsOf(drainTimeoutMs);
    const endsAt = performance.now() + Math.max(0, deadline - now);
    const beginsAt = endsAt - this.#spreadMs;
    this.#timer = setTimeout(
      () => {
        this.#lastStepAt = performance.now();
        this.#step(endsAt);
      },
      Math.max(0, beginsAt - performance.now()),
    );
  }

  drop(): void {
    clearTimeout(this.#timer);
  }

  #step(endsAt: number): void {
    const now = performance.now();
    if (now >= endsAt) return this.#endpoint.cut('forced');
    const share = closingShare(this.#lastStepAt, now, endsAt - this.#spreadMs / 10);
    this.#lastStepAt = now;
    for (const work of this.#endpoint.streams()) if (Math.random() < share) work.dismiss();
    const nextInMs = Math.min(this.#spreadMs / steps, endsAt - now);
    this.#timer = setTimeout(() => this.#step(endsAt), nextInMs);
  }
}
