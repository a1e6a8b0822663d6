import { ChunkExtension } from './chunk-extension.ts';
import { carriageReturn, hexValue, isTokenByte, isValueByte, lineFeed } from './characters.ts';
import { known, knownField } from './known-fields.ts';

const maxExtensionBytes = 1024;
const maxTrailerBytes = 8192;

const state = {
  sizeStart: 0,
  size: 1,
  extension: 2,
  sizeLineFeed: 3,
  data: 4,
  dataReturn: 5,
  dataLineFeed: 6,
  trailerStart: 7,
  trailer: 8,
  trailerLineFeed: 9,
  endLineFeed: 10,
  done: 11,
} as const;

/** Follows a chunked body (RFC 9112 section 7.1) through buffers that may be split anywhere; copies nothing. */
export class ChunkedScanner {
  #state: number = state.sizeStart;
  #remaining = 0;
  #lineBytes = 0;
  #trailerLine = '';
  readonly #extension = new ChunkExtension();
  /** Content that has come, without the coding. */
  contentBytes = 0;

  reset(): void {
    this.contentBytes = 0;
    this.#state = state.sizeStart;
    this.#remaining = 0;
    this.#lineBytes = 0;
    this.#trailerLine = '';
  }

  get isDone(): boolean {
    return this.#state === state.done;
  }

  get isBetweenChunks(): boolean {
    return this.#state === state.sizeStart;
  }

  /**
   * Reads on from `start`. Returns the index after the last byte that belongs to the body, or -1 when the body is
   * malformed. `pieces`, when given, is handed the parts that are content, free of the coding.
   */
  scan(bytes: Buffer, start: number, pieces?: Buffer[]): number {
    let position = start;
    while (position < bytes.length && this.#state !== state.done) {
      if (this.#state === state.data) {
        const take = Math.min(this.#remaining, bytes.length - position);
        pieces?.push(bytes.subarray(position, position + take));
        this.#remaining -= take;
        this.contentBytes += take;
        position += take;
        if (this.#remaining === 0) this.#state = state.dataReturn;
      } else if (!this.#step(bytes[position++] ?? 0)) {
        return -1;
      }
    }
    return position;
  }

  #step(byte: number): boolean {
    switch (this.#state) {
      case state.sizeStart:
        this.#remaining = hexValue(byte);
        this.#lineBytes = 1;
        this.#state = state.size;
        return this.#remaining >= 0;
      case state.size:
        return this.#sizeByte(byte);
      case state.extension:
        if (byte !== carriageReturn)
          return this.#extension.take(byte) && ++this.#lineBytes <= maxExtensionBytes;
        this.#state = state.sizeLineFeed;
        return this.#extension.isComplete;
      case state.sizeLineFeed:
        this.#lineBytes = 0;
        this.#state = this.#remaining === 0 ? state.trailerStart : state.data;
        return byte === lineFeed;
      case state.dataReturn:
        this.#state = state.dataLineFeed;
        return byte === carriageReturn;
      case state.dataLineFeed:
        this.#state = state.sizeStart;
        return byte === lineFeed;
      case state.trailerStart:
        if (byte === carriageReturn) {
          this.#state = state.endLineFeed;
          return true;
        }
        this.#state = state.trailer;
        this.#trailerLine = String.fromCharCode(byte);
        return isTokenByte(byte) && ++this.#lineBytes <= maxTrailerBytes;
      case state.trailer:
        if (byte === carriageReturn) this.#state = state.trailerLineFeed;
        else if (!isValueByte(byte) || ++this.#lineBytes > maxTrailerBytes) return false;
        else this.#trailerLine += String.fromCharCode(byte);
        return true;
      case state.trailerLineFeed:
        this.#state = state.trailerStart;
        return byte === lineFeed && isHarmlessTrailer(this.#trailerLine);
      default:
        if (byte === lineFeed) this.#state = state.done;
        return byte === lineFeed;
    }
  }

  #sizeByte(byte: number): boolean {
    const digit = hexValue(byte);
    if (digit >= 0) {
      // 13 hexadecimal digits stay exact in a double.
      if (++this.#lineBytes > 13) return false;
      this.#remaining = this.#remaining * 16 + digit;
      return true;
    }
    if (byte === carriageReturn) this.#state = state.sizeLineFeed;
    else if (byte === 0x3b) {
      this.#state = state.extension;
      this.#extension.begin();
    } else return false;
    return true;
  }
}

/** A trailer must not bring what decides framing, routing or trust (RFC 9110 section 6.5.1). */
function isHarmlessTrailer(line: string): boolean {
  const colon = line.indexOf(':');
  if (colon <= 0) return false;
  for (let index = 0; index < colon; index++) {
    if (!isTokenByte(line.charCodeAt(index))) return false;
  }
  return knownField(line, 0, colon) === known.other;
}
