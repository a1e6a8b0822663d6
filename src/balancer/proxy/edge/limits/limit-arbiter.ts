import { LeakyBuckets } from './leaky-bucket.ts';
import type { LimitAnswer, LimitAsk, LimitNotice, LimitOrder } from './limit-protocol.ts';

const pruneEveryMs = 10_000;

/** Counts for all workers, in the main process: limits hold exactly, however connections spread over workers. */
export class LimitArbiter {
  readonly #buckets = new LeakyBuckets();
  readonly #places = new Map<string, number>();
  /** By worker, so that those of one that died are free again. */
  readonly #held = new Map<number, Map<string, number>>();
  #prunedAt = 0;

  decide(worker: number, { asks, freed }: LimitNotice, now: number): LimitOrder {
    for (const key of freed) this.#free(worker, key);
    if (now - this.#prunedAt > pruneEveryMs) {
      this.#buckets.prune(now);
      this.#prunedAt = now;
    }
    return { type: 'limits', answers: asks.map((ask) => this.#answer(worker, ask, now)) };
  }

  /** The worker is no more, and neither are its connections. */
  lose(worker: number): void {
    for (const [key, count] of this.#held.get(worker) ?? []) {
      for (let index = 0; index < count; index++) this.#free(worker, key);
    }
    this.#held.delete(worker);
  }

  #answer(worker: number, ask: LimitAsk, now: number): LimitAnswer {
    const { id, key } = ask;
    if (ask.kind === 'rate') {
      const verdict = this.#buckets.take(key, ask.intervalMs, ask.burst, now);
      return { id, isLet: verdict.isLet, waitMs: verdict.isLet ? verdict.delayMs : verdict.until - now };
    }
    const taken = this.#places.get(key) ?? 0;
    if (taken >= ask.max) return { id, isLet: false, waitMs: 0 };
    this.#places.set(key, taken + 1);
    const held = this.#held.get(worker) ?? new Map<string, number>();
    this.#held.set(worker, held.set(key, (held.get(key) ?? 0) + 1));
    return { id, isLet: true, waitMs: 0 };
  }

  #free(worker: number, key: string): void {
    const held = this.#held.get(worker);
    const own = held?.get(key) ?? 0;
    if (own === 0) return;
    if (own === 1) held?.delete(key);
    else held?.set(key, own - 1);
    const taken = (this.#places.get(key) ?? 1) - 1;
    if (taken === 0) this.#places.delete(key);
    else this.#places.set(key, taken);
  }
}
