import { createHmac, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { hashKind } from '../../../../shared/htpasswd.ts';
import { verifyQuick } from './password-hash.ts';

export interface PasswordQuestion {
  readonly id: number;
  readonly password: string;
  readonly hash: string;
}

export interface PasswordAnswer {
  readonly id: number;
  readonly isRight: boolean;
}

/** Beyond so many comparisons that wait, further ones are refused: guessing must not keep those out who know. */
const maxWaiting = 64;
const maxRemembered = 10_000;

const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const threadFile = fileURLToPath(new URL(`password-thread${extension}`, import.meta.url));

/** `busy`: too many are waiting for an answer. */
export type PasswordVerdict = 'right' | 'wrong' | 'busy';

/** Verifies passwords, the slow kinds in a thread. Pairs that were right are remembered, as a keyed digest. */
export class PasswordChecker {
  readonly #secret = randomBytes(32);
  readonly #known = new Set<string>();
  readonly #waiting = new Map<number, (isRight: boolean) => void>();
  #thread: Worker | undefined;
  #nextId = 1;

  /** Calls `answered` at once where that takes no time. */
  check(password: string, hash: string, answered: (verdict: PasswordVerdict) => void): void {
    const kind = hashKind(hash);
    if (kind === undefined) return answered('wrong');
    // A hash that changed in its file is another pair.
    const pair = createHmac('sha256', this.#secret).update(`${hash}\0${password}`).digest('base64');
    if (this.#known.has(pair)) return answered('right');
    const settle = (isRight: boolean): void => {
      if (isRight) this.#remember(pair);
      answered(isRight ? 'right' : 'wrong');
    };
    if (kind !== 'bcrypt') return settle(verifyQuick(kind, password, hash));
    if (this.#waiting.size >= maxWaiting) return answered('busy');
    const question: PasswordQuestion = { id: this.#nextId++, password, hash };
    this.#waiting.set(question.id, settle);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    this.#ready().postMessage(question);
  }

  #remember(pair: string): void {
    if (this.#known.size >= maxRemembered) this.#known.clear();
    this.#known.add(pair);
  }

  #ready(): Worker {
    if (this.#thread !== undefined) return this.#thread;
    const thread = new Worker(threadFile);
    this.#thread = thread;
    thread.unref();
    thread.on('message', ({ id, isRight }: PasswordAnswer) => {
      this.#waiting.get(id)?.(isRight);
      this.#waiting.delete(id);
    });
    thread.on('error', (error) => console.error('password thread:', error));
    thread.on('exit', () => {
      this.#thread = undefined;
      for (const answered of this.#waiting.values()) answered(false);
      this.#waiting.clear();
    });
    return thread;
  }
}
