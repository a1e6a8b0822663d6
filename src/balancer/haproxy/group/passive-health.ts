import type { BalancingPolicy } from '../../../model/balancing.ts';
import type { TrafficEvent } from '../traffic/log-line.ts';

const judged = new Set(['timeout', 'broken-response']);

/** Why a server shall be taken out. */
export interface Verdict {
  readonly reason: string;
  /** Holds also for the last server that is up. */
  readonly holdsForLast: boolean;
}

interface Record {
  failures: number;
  windowEndsAt: number;
  serverErrors: number;
}

/**
 * Judges servers by the ends of their requests as far as HAProxy does not: no answer in time, broken answers, and responses
 * of 5xx in a row. Refused connections it counts itself (`observe layer4`).
 */
export class PassiveHealth {
  readonly #records = new Map<string, Record>();

  /** A verdict when this end of a request is the one too many (nginx `max_fails`, `fail_timeout`; Envoy `consecutive_5xx`). */
  judge(
    event: TrafficEvent,
    policy: Pick<BalancingPolicy, 'maxFails' | 'failTimeoutMs' | 'max5xx'>,
    now: number,
  ): Verdict | undefined {
    const record = this.#recordOf(event.server, policy.failTimeoutMs, now);
    const { outcome, status } = event;
    if (outcome.kind === 'ok') {
      record.serverErrors = status >= 500 ? record.serverErrors + 1 : 0;
      if (policy.max5xx === undefined || record.serverErrors < policy.max5xx) return undefined;
      this.#records.delete(event.server);
      return { reason: `${policy.max5xx} responses of 5xx in a row`, holdsForLast: false };
    }
    if (outcome.kind !== 'failed' || !judged.has(outcome.failure)) return undefined;
    record.failures++;
    if (policy.maxFails <= 0 || record.failures < policy.maxFails) return undefined;
    this.#records.delete(event.server);
    return { reason: ejectedReason, holdsForLast: true };
  }

  keepOnly(servers: ReadonlySet<string>): void {
    for (const name of this.#records.keys()) if (!servers.has(name)) this.#records.delete(name);
  }

  #recordOf(server: string, windowMs: number, now: number): Record {
    let record = this.#records.get(server);
    if (record === undefined) {
      record = { failures: 0, windowEndsAt: now + windowMs, serverErrors: 0 };
      this.#records.set(server, record);
    } else if (now >= record.windowEndsAt) {
      record.failures = 0;
      record.windowEndsAt = now + windowMs;
    }
    return record;
  }
}

export const ejectedReason = 'requests to it failed one after another';
