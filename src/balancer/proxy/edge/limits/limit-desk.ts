import type { LimitAnswer, LimitAsk, LimitNotice } from './limit-protocol.ts';

const maxRemembered = 20_000;

export interface LimitVerdict {
  readonly isLet: boolean;
  /** Let: wait so long first. Not let: nothing of the key gets through for so long. */
  readonly waitMs: number;
}

interface Question {
  readonly key: string;
  readonly answered: (verdict: LimitVerdict) => void;
}

export interface RateQuestion {
  readonly key: string;
  readonly intervalMs: number;
  readonly burst: number;
}

/**
 * Where a worker asks the main process. What comes up within one turn of the event loop goes in one message; a key that was
 * refused is refused here until its time, so a flood costs the main process nothing.
 */
export class LimitDesk {
  readonly #send: (notice: LimitNotice) => void;
  readonly #questions = new Map<number, Question>();
  /** Key → until when it is refused; milliseconds since the epoch. */
  readonly #refusedUntil = new Map<string, number>();
  #asks: LimitAsk[] = [];
  #freed: string[] = [];
  #nextId = 1;

  constructor(send: (notice: LimitNotice) => void) {
    this.#send = send;
  }

  /** Asks for one request at a rate. `answered` is called at once when the answer is known here. */
  askRate(question: RateQuestion, now: number, answered: (verdict: LimitVerdict) => void): void {
    const { key, intervalMs, burst } = question;
    const refusedUntil = this.#refusedUntil.get(key);
    if (refusedUntil !== undefined) {
      if (now < refusedUntil) return answered({ isLet: false, waitMs: refusedUntil - now });
      this.#refusedUntil.delete(key);
    }
    this.#ask({ id: this.#nextId++, kind: 'rate', key, intervalMs, burst }, answered);
  }

  /** Asks for a place among the connections of the key; one that was got is to be given back. */
  askPlace(key: string, max: number, answered: (verdict: LimitVerdict) => void): void {
    this.#ask({ id: this.#nextId++, kind: 'place', key, max }, answered);
  }

  freePlace(key: string): void {
    this.#freed.push(key);
    this.#flushSoon();
  }

  settle(answers: readonly LimitAnswer[], now: number): void {
    for (const { id, isLet, waitMs } of answers) {
      const question = this.#questions.get(id);
      this.#questions.delete(id);
      if (question === undefined) continue;
      if (!isLet && waitMs > 0) this.#remember(question.key, now + waitMs);
      question.answered({ isLet, waitMs });
    }
  }

  #ask(ask: LimitAsk, answered: (verdict: LimitVerdict) => void): void {
    this.#questions.set(ask.id, { key: ask.key, answered });
    this.#asks.push(ask);
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#asks.length + this.#freed.length > 1) return;
    setImmediate(() => {
      const notice: LimitNotice = { type: 'limits', asks: this.#asks, freed: this.#freed };
      this.#asks = [];
      this.#freed = [];
      this.#send(notice);
    });
  }

  #remember(key: string, until: number): void {
    if (this.#refusedUntil.size >= maxRemembered) this.#refusedUntil.clear();
    this.#refusedUntil.set(key, until);
  }
}
