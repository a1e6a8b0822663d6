import type { BalancingPolicy } from '../../../model/balancing.ts';
import type { TrafficEvent } from '../traffic/log-line.ts';

const judged = new Set(['timeout', 'broken-response']);

/**
 * Failures that HAProxy does not count as those of a connection: no answer in time, and broken answers. Refused
 * connections it counts itself (`observe layer4`).
 */
export class PassiveHealth {
  readonly #failures = new Map<string, { count: number; windowEndsAt: number }>();

  /** True when this end of a request is the one too many within the window (nginx `max_fails`, `fail_timeout`). */
  isFailing(
    { server, outcome }: TrafficEvent,
    policy: Pick<BalancingPolicy, 'maxFails' | 'failTimeoutMs'>,
    now: number,
  ): boolean {
    if (outcome.kind !== 'failed' || !judged.has(outcome.failure) || policy.maxFails <= 0) return false;
    const known = this.#failures.get(server);
    const counted =
      known === undefined || now >= known.windowEndsAt
        ? { count: 0, windowEndsAt: now + policy.failTimeoutMs }
        : known;
    counted.count++;
    if (counted.count >= policy.maxFails) {
      this.#failures.delete(server);
      return true;
    }
    this.#failures.set(server, counted);
    return false;
  }
}
