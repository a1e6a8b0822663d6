import { BodyExtent } from '../http/body-extent.ts';
import { carriageReturn, lineFeed } from '../http/characters.ts';
import type { Framing } from '../http/framing.ts';
import { HeadBuffer, headIncomplete, headTooLong } from '../http/head-buffer.ts';
import { type HeadRefusal, RequestHead } from '../http/request-head.ts';

/** Finds requests in the bytes of one connection: a head, then its body. */
export class RequestReader {
  /** The one that was read last. */
  readonly head = new RequestHead();
  readonly #headBuffer: HeadBuffer;
  readonly #extent = new BodyExtent();
  #bodyBytes = 0;
  #maxBodyBytes = Infinity;
  #isCounted = false;
  /** Index in the chunk after what was read last. */
  end = 0;

  constructor(maxHeadBytes: number) {
    this.#headBuffer = new HeadBuffer(maxHeadBytes);
  }

  /** A part of a head has come. */
  get isBegun(): boolean {
    return this.#headBuffer.isBegun;
  }

  get isBodyComplete(): boolean {
    return this.#extent.isComplete;
  }

  /** Of the body under way, where they are counted. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /** 0: `head` is read. -1: more has to come. Else the status of the refusal. */
  readHead(chunk: Buffer, from: number): 0 | -1 | HeadRefusal {
    let start = from;
    // One empty line before a request is forgiven (RFC 9112 section 2.2).
    if (!this.isBegun && chunk[start] === carriageReturn && chunk[start + 1] === lineFeed) start += 2;
    this.end = start;
    if (start === chunk.length) return -1;
    const text = this.#headBuffer.read(chunk, start);
    if (text === headIncomplete) return -1;
    if (typeof text === 'number') return text === headTooLong ? 431 : 400;
    this.end = this.#headBuffer.end;
    return this.head.parse(text, this.#headBuffer.textEnd);
  }

  beginBody(framing: Framing): void {
    this.#extent.begin(framing);
    this.#isCounted = false;
    this.#maxBodyBytes = Infinity;
  }

  /** Of this body, bytes are counted. */
  countBody(maxBytes: number): void {
    this.#isCounted = true;
    this.#bodyBytes = 0;
    this.#maxBodyBytes = maxBytes;
  }

  /** Index after the part of the body in the chunk; or the status of the refusal, negative. */
  readBody(chunk: Buffer, start: number): number {
    const end = this.#extent.take(chunk, start);
    if (end < 0) return -400;
    if (!this.#isCounted) return end;
    this.#bodyBytes = this.#extent.isChunked ? this.#extent.chunkedBytes : this.#bodyBytes + end - start;
    return this.#bodyBytes > this.#maxBodyBytes ? -413 : end;
  }

  clear(): void {
    this.#headBuffer.clear();
  }
}
