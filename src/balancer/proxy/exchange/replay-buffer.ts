/** Largest request body that is held so that it can be sent to a second replica, and while a connection is made. */
const maxBytes = 65_536;

/** The part of a request body that has come so far, as long as it is small. */
export class ReplayBuffer {
  #pieces: Buffer[] = [];
  #bytes = 0;
  #isWhole = true;

  /** All that came is still here. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  get isFull(): boolean {
    return this.#bytes >= maxBytes;
  }

  get pieces(): readonly Buffer[] {
    return this.#pieces;
  }

  /** What was sent already may be let go when it grows too large; what was not sent is kept in any case. */
  keep(bytes: Buffer, isSent: boolean): void {
    if (!this.#isWhole || bytes.length === 0) return;
    this.#bytes += bytes.length;
    if (isSent && this.#bytes > maxBytes) {
      this.#pieces = [];
      this.#isWhole = false;
    } else {
      this.#pieces.push(Buffer.from(bytes));
    }
  }

  clear(): void {
    if (this.#pieces.length > 0) this.#pieces = [];
    this.#bytes = 0;
    this.#isWhole = true;
  }
}
