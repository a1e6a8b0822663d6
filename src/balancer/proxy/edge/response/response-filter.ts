import type { HeaderEdit } from '../../../../model/routing.ts';
import { BodyExtent } from '../../http/body-extent.ts';
import { editLines, fieldValue } from '../../routing/header-lines.ts';
import { BodyEncoder } from './body-encoder.ts';
import { decideEncoding, type EncodingTerms } from './compression.ts';

export interface FilterSink {
  writeText(text: string): boolean;
  writeBytes(bytes: Buffer): boolean;
  /** The exchange may go on. */
  drained(): void;
  finished(keepsAlive: boolean): void;
}

/** Changes the head of a response, and encodes its body, on their way from the exchange to the client. */
export class ResponseFilter {
  readonly #edit: HeaderEdit | undefined;
  readonly #terms: EncodingTerms | undefined;
  readonly #sink: FilterSink;
  readonly #extent = new BodyExtent();
  #encoder: BodyEncoder | undefined;
  #isHeadDone = false;
  #isChunked = false;
  #keepsAlive = false;

  constructor(edit: HeaderEdit | undefined, terms: EncodingTerms | undefined, sink: FilterSink) {
    this.#edit = edit;
    this.#terms = terms;
    this.#sink = sink;
  }

  /** The exchange writes each head as one text, with what there is of its body. */
  writeText(text: string): boolean {
    if (this.#isHeadDone) return this.writeBytes(Buffer.from(text, 'latin1'));
    const status = Number(text.slice(9, 12));
    if (status < 200) return this.#sink.writeText(text);
    this.#isHeadDone = true;
    const lineEnd = text.indexOf('\r\n') + 2;
    const end = text.indexOf('\r\n\r\n') + 2;
    let lines = text.slice(lineEnd, end);
    if (this.#edit !== undefined) lines = editLines(lines, this.#edit);
    if (this.#terms !== undefined) lines = this.#begin(status, lines, this.#terms);
    const head = `${text.slice(0, lineEnd)}${lines}\r\n`;
    const rest = text.slice(end + 2);
    if (this.#encoder === undefined) return this.#sink.writeText(head + rest);
    this.#sink.writeText(head);
    return this.writeBytes(Buffer.from(rest, 'latin1'));
  }

  writeBytes(bytes: Buffer): boolean {
    const encoder = this.#encoder;
    if (encoder === undefined) return this.#sink.writeBytes(bytes);
    if (!this.#isChunked) return encoder.write(bytes);
    const pieces: Buffer[] = [];
    this.#extent.take(bytes, 0, pieces);
    return encoder.write(Buffer.concat(pieces));
  }

  finished(keepsAlive: boolean): void {
    this.#keepsAlive = keepsAlive;
    if (this.#encoder === undefined) this.#sink.finished(keepsAlive);
    else this.#encoder.end();
  }

  /** The client takes more. True: the exchange need not be told. */
  clientDrained(): boolean {
    this.#encoder?.resume();
    return this.#encoder !== undefined;
  }

  destroy(): void {
    this.#encoder?.destroy();
  }

  #begin(status: number, lines: string, terms: EncodingTerms): string {
    const decision = decideEncoding(status, lines, terms);
    if (decision.encoding !== undefined) {
      this.#isChunked = fieldValue(lines, 'transfer-encoding') !== undefined;
      if (this.#isChunked) this.#extent.begin({ kind: 'chunked' });
      this.#encoder = new BodyEncoder(decision.encoding, {
        writeBytes: (bytes) => this.#sink.writeBytes(bytes),
        drained: () => this.#sink.drained(),
        ended: () => this.#sink.finished(this.#keepsAlive),
      });
    }
    return decision.lines;
  }
}
