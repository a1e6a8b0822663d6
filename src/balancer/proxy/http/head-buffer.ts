import { carriageReturn, lineFeed } from './characters.ts';

/** Result of a search for the end of a head: the index after it, or one of these. */
export const headIncomplete = -1;
export const headMalformed = -2;
export const headTooLong = -3;

/** Most heads come in one read of no more than this, and are found by a search of the whole. */
const oneLookBytes = 4_096;

/** Collects the bytes of a head until its empty line is there; a head within one read is not copied. */
export class HeadBuffer {
  readonly #maxBytes: number;
  #store: Buffer | undefined;
  #length = 0;
  #searched = 0;
  #lineStart = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True when a part of a head has come. */
  get isBegun(): boolean {
    return this.#length > 0;
  }

  clear(): void {
    this.#store = undefined;
    this.#length = 0;
    this.#searched = 0;
    this.#lineStart = 0;
  }

  /**
   * A text that begins with the head, ready to parse, once it is complete with this chunk; else one of the codes above.
   * After success `end` is the index in `chunk` after the head, and `textEnd` the one in the text.
   */
  read(
    chunk: Buffer,
    start: number,
  ): string | typeof headIncomplete | typeof headMalformed | typeof headTooLong {
    if (this.#length === 0) {
      if (chunk.length - start <= oneLookBytes) {
        // A line feed without its carriage return is left to the parser here, which refuses it.
        const text = chunk.toString('latin1', start);
        const end = text.indexOf('\r\n\r\n') + 4;
        if (end > 3 && end <= this.#maxBytes) {
          this.end = start + end;
          this.textEnd = end;
          return text;
        }
      }
      const end = this.#search(chunk, start, chunk.length, start);
      if (end >= 0) {
        if (end - start > this.#maxBytes) return headTooLong;
        this.end = end;
        this.textEnd = end - start;
        return chunk.toString('latin1', start, end);
      }
      if (end === headMalformed) return headMalformed;
    }
    return this.#collect(chunk, start);
  }

  end = 0;
  textEnd = 0;

  #collect(chunk: Buffer, start: number): string | -1 | -2 | -3 {
    const before = this.#length;
    const store = this.#append(chunk, start);
    // The first search ran over the chunk itself; positions count from the store now.
    const from = before === 0 ? 0 : this.#searched;
    if (before === 0) this.#lineStart = 0;
    const end = this.#search(store, from, this.#length, this.#lineStart);
    if (end === headMalformed) return headMalformed;
    if (end < 0) return this.#length > this.#maxBytes ? headTooLong : headIncomplete;
    if (end > this.#maxBytes) return headTooLong;
    const text = store.toString('latin1', 0, end);
    this.end = start + (end - before);
    this.textEnd = end;
    this.clear();
    return text;
  }

  #append(chunk: Buffer, start: number): Buffer {
    const added = chunk.length - start;
    const needed = this.#length + added;
    let store = this.#store;
    if (store === undefined || store.length < needed) {
      const larger = Buffer.allocUnsafe(Math.max(1024, needed * 2));
      store?.copy(larger, 0, 0, this.#length);
      store = larger;
      this.#store = store;
    }
    chunk.copy(store, this.#length, start);
    this.#length = needed;
    return store;
  }

  /** A line feed without its carriage return is refused at once, or a peer could wait for ever on such a head. */
  #search(bytes: Buffer, from: number, to: number, firstLine: number): number {
    let lineStart = firstLine;
    for (let position = from; position < to; position++) {
      if (bytes[position] !== lineFeed) continue;
      if (position === lineStart || bytes[position - 1] !== carriageReturn) return headMalformed;
      if (position - 1 === lineStart) return position + 1;
      lineStart = position + 1;
    }
    this.#searched = to;
    this.#lineStart = lineStart;
    return headIncomplete;
  }
}
