import { constants, createBrotliCompress, createGzip } from 'node:zlib';
import type { Encoding } from './compression.ts';

/** What is held back is sent when nothing more has come for so long: a stream of small pieces must not stand still. */
const flushAfterMs = 25;

export interface EncoderSink {
  /** False when the client must be waited for. */
  writeBytes(bytes: Buffer): boolean;
  /** More can be taken. */
  drained(): void;
  ended(): void;
}

/** Encodes a body and frames it in chunks (RFC 9112 section 7.1). */
export class BodyEncoder {
  readonly #stream;
  #flushTimer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(encoding: Encoding, sink: EncoderSink) {
    this.#stream =
      encoding === 'gzip'
        ? createGzip({ level: 5 })
        : createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
    this.#stream.on('data', (piece: Buffer) => {
      const frame = Buffer.concat([
        Buffer.from(`${piece.length.toString(16)}\r\n`),
        piece,
        Buffer.from('\r\n'),
      ]);
      if (!sink.writeBytes(frame)) this.#stream.pause();
    });
    this.#stream.on('drain', () => sink.drained());
    this.#stream.on('end', () => {
      if (this.#isOver) return;
      this.#isOver = true;
      sink.writeBytes(Buffer.from('0\r\n\r\n'));
      sink.ended();
    });
  }

  /** Takes bytes that are the caller's again afterwards. False: wait for `drained`. */
  write(bytes: Buffer): boolean {
    if (this.#isOver || bytes.length === 0) return true;
    clearTimeout(this.#flushTimer);
    this.#flushTimer = setTimeout(() => {
      if (!this.#isOver) this.#stream.flush();
    }, flushAfterMs);
    return this.#stream.write(Buffer.from(bytes));
  }

  end(): void {
    clearTimeout(this.#flushTimer);
    this.#stream.end();
  }

  /** The client takes more. */
  resume(): void {
    this.#stream.resume();
  }

  destroy(): void {
    clearTimeout(this.#flushTimer);
    this.#isOver = true;
    this.#stream.destroy();
  }
}
