import type { LatencyHistogram } from '../../balancer-driver.ts';
import { emptyLatency, latencyBucket, plusLatency } from '../../latency-histogram.ts';

/** Responses by class of status, from 1xx to 5xx. */
export type ResponseCounts = readonly [number, number, number, number, number];

/** How a replica answered: of which class, and in what time. Only grows. */
export interface Answers {
  readonly responses: ResponseCounts;
  readonly latency: LatencyHistogram;
}

export const noAnswers: Answers = { responses: [0, 0, 0, 0, 0], latency: emptyLatency };

export function plusAnswers(one: Answers, other: Answers): Answers {
  const [informational, successful, redirecting, rejecting, failing] = other.responses;
  return {
    responses: [
      one.responses[0] + informational,
      one.responses[1] + successful,
      one.responses[2] + redirecting,
      one.responses[3] + rejecting,
      one.responses[4] + failing,
    ],
    latency: plusLatency(one.latency, other.latency),
  };
}

/** A microsecond, and twelve days: what is shorter or longer is counted in the outermost buckets. */
const firstBucket = -80;
const lastBucket = 240;

/** Counts the answers of one endpoint in one worker. Counting costs no allocation. */
export class AnswerCounts {
  readonly #responses: [number, number, number, number, number] = [0, 0, 0, 0, 0];
  readonly #buckets = new Float64Array(lastBucket - firstBucket + 1);
  #count = 0;
  #sumMs = 0;
  hasChanged = false;

  /** A response has begun. */
  began(status: number): void {
    const index = Math.trunc(status / 100) - 1;
    if (index === 0 || index === 1 || index === 2 || index === 3 || index === 4) this.#responses[index]++;
    this.hasChanged = true;
  }

  /** A response is complete. */
  ended(durationMs: number): void {
    const bucket = Math.min(lastBucket, Math.max(firstBucket, latencyBucket(durationMs)));
    this.#buckets[bucket - firstBucket]! += 1;
    this.#count += 1;
    this.#sumMs += durationMs;
    this.hasChanged = true;
  }

  /** All that was counted so far. */
  read(): Answers {
    const buckets: Record<number, number> = {};
    // Not by an iterator, which takes ten times as long: this is done for each replica every second.
    for (let index = 0; index < this.#buckets.length; index++) {
      const count = this.#buckets[index] ?? 0;
      if (count > 0) buckets[index + firstBucket] = count;
    }
    return {
      responses: [...this.#responses],
      latency: { count: this.#count, sumMs: Math.round(this.#sumMs * 1_000) / 1_000, buckets },
    };
  }
}
