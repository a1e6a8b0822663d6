import { isDigit, isValueByte } from './characters.ts';
import { type Framing, responseFraming } from './framing.ts';
import { HeaderFields } from './header-fields.ts';

/**
 * A response head, read and judged (RFC 9112 section 4). One object reads head after head of a connection: what comes again as it
 * was, in answer to the same kind of request, is not read again.
 */
export class ResponseHead {
  readonly fields = new HeaderFields();
  status = 0;
  /** The status line after the version, as it came: `200 OK`. */
  statusText = '';
  isHttp10 = false;
  framing: Framing = { kind: 'none' };
  /** The replica lets the connection be used again. */
  keepsAlive = true;
  /** What all of this was read from, and for which request; empty: from nothing. */
  #source = '';
  #removed: Uint8Array | undefined;
  #text = '';
  #end = 0;
  #isHeadRequest = false;
  #isUpgradeOffered = false;

  /** Reads a whole head with its empty line, up to `end`. False: not a response that can be trusted. */
  parse(
    text: string,
    removed: Uint8Array,
    isHeadRequest: boolean,
    isUpgradeOffered: boolean,
    end = text.length,
  ): boolean {
    this.#text = text;
    this.#end = end;
    const source = text.slice(0, end);
    if (
      source === this.#source &&
      removed === this.#removed &&
      isHeadRequest === this.#isHeadRequest &&
      isUpgradeOffered === this.#isUpgradeOffered
    )
      return true;
    this.#source = '';
    if (!this.#read(text, removed, isHeadRequest, isUpgradeOffered, end)) return false;
    this.#source = source;
    this.#removed = removed;
    this.#isHeadRequest = isHeadRequest;
    this.#isUpgradeOffered = isUpgradeOffered;
    return true;
  }

  /** So many bytes after the head, where they came with it and were made text with it. */
  following(length: number): string | undefined {
    const to = this.#end + length;
    return to <= this.#text.length ? this.#text.slice(this.#end, to) : undefined;
  }

  #read(
    text: string,
    removed: Uint8Array,
    isHeadRequest: boolean,
    isUpgradeOffered: boolean,
    end: number,
  ): boolean {
    const { fields } = this;
    const lineEnd = text.indexOf('\r\n');
    if (!this.#parseStatusLine(text, lineEnd)) return false;
    if (fields.parse(text, lineEnd + 2, end, removed) !== 0) return false;
    const { status, isHttp10 } = this;
    const framing = responseFraming(fields, { status, isHttp10, isHeadRequest, isUpgradeOffered });
    if (framing === undefined) return false;
    this.framing = framing;
    this.keepsAlive =
      framing.kind !== 'close' &&
      (isHttp10 ? fields.connectionHas('keep-alive') : !fields.connectionHas('close'));
    return true;
  }

  #parseStatusLine(text: string, lineEnd: number): boolean {
    if (!text.startsWith('HTTP/1.')) return false;
    const minor = text.charCodeAt(7);
    if ((minor !== 0x30 && minor !== 0x31) || text.charCodeAt(8) !== 0x20) return false;
    this.isHttp10 = minor === 0x30;
    let status = 0;
    for (let index = 9; index < 12; index++) {
      const byte = text.charCodeAt(index);
      if (!isDigit(byte)) return false;
      status = status * 10 + byte - 0x30;
    }
    if (status < 100) return false;
    // The blank after the status is often left out when there is no reason phrase.
    if (lineEnd !== 12 && text.charCodeAt(12) !== 0x20) return false;
    for (let index = 13; index < lineEnd; index++) {
      if (!isValueByte(text.charCodeAt(index))) return false;
    }
    this.status = status;
    this.statusText = lineEnd === 12 ? `${text.slice(9, 12)} ` : text.slice(9, lineEnd);
    return true;
  }
}
