import { ChunkedScanner } from './chunked-scanner.ts';
import type { Framing } from './framing.ts';

/** Finds where a body ends in the bytes that follow its head. One object serves message after message. */
export class BodyExtent {
  #framing: Framing = { kind: 'none' };
  #remaining = 0;
  /** Made for the first body that needs it: few do. */
  #chunks: ChunkedScanner | undefined;

  begin(framing: Framing): void {
    this.#framing = framing;
    if (framing.kind === 'length') this.#remaining = framing.bytes;
    else if (framing.kind === 'chunked') {
      this.#chunks ??= new ChunkedScanner();
      this.#chunks.reset();
    }
  }

  get isChunked(): boolean {
    return this.#framing.kind === 'chunked';
  }

  /** Of a chunked body: content that has come, without the coding. */
  get chunkedBytes(): number {
    return this.#chunks?.contentBytes ?? 0;
  }

  get endsWithConnection(): boolean {
    return this.#framing.kind === 'close';
  }

  /** A body without a length may end here. */
  get isBetweenChunks(): boolean {
    return this.isChunked ? this.#chunks?.isBetweenChunks === true : this.endsWithConnection;
  }

  /** False for a body that ends with its connection. */
  get isComplete(): boolean {
    switch (this.#framing.kind) {
      case 'none':
        return true;
      case 'length':
        return this.#remaining === 0;
      case 'chunked':
        return this.#chunks?.isDone === true;
      case 'close':
      case 'upgrade':
        return false;
    }
  }

  /** Index after the last byte from `start` that belongs to the body; -1 when the body is malformed. */
  take(bytes: Buffer, start: number, pieces?: Buffer[]): number {
    switch (this.#framing.kind) {
      case 'none':
        return start;
      case 'length': {
        const taken = Math.min(this.#remaining, bytes.length - start);
        this.#remaining -= taken;
        return start + taken;
      }
      case 'chunked':
        return this.#chunks?.scan(bytes, start, pieces) ?? -1;
      case 'close':
      case 'upgrade':
        return bytes.length;
    }
  }
}
