import { isTokenByte, isValueByte } from './characters.ts';

const semicolon = 0x3b;
const equals = 0x3d;
const quote = 0x22;
const backslash = 0x5c;

const place = {
  nameStart: 0,
  name: 1,
  valueStart: 2,
  token: 3,
  quoted: 4,
  escaped: 5,
  afterQuoted: 6,
} as const;

/**
 * Follows `;name=value;name="value"` after a chunk's size (RFC 9112 section 7.1.1), byte by byte, without the blanks that the
 * grammar calls bad: parsers that disagree about what stands there disagree about where the line ends.
 */
export class ChunkExtension {
  #place: number = place.nameStart;

  /** After the first semicolon. */
  begin(): void {
    this.#place = place.nameStart;
  }

  /** The line may end here. */
  get isComplete(): boolean {
    return this.#place === place.name || this.#place === place.token || this.#place === place.afterQuoted;
  }

  /** False: the byte may not stand here. */
  take(byte: number): boolean {
    switch (this.#place) {
      case place.nameStart:
        this.#place = place.name;
        return isTokenByte(byte);
      case place.name:
        if (byte === equals) this.#place = place.valueStart;
        else if (byte === semicolon) this.#place = place.nameStart;
        else return isTokenByte(byte);
        return true;
      case place.valueStart:
        this.#place = byte === quote ? place.quoted : place.token;
        return byte === quote || isTokenByte(byte);
      case place.token:
        if (byte === semicolon) this.#place = place.nameStart;
        else return isTokenByte(byte);
        return true;
      case place.quoted:
        if (byte === quote) this.#place = place.afterQuoted;
        else if (byte === backslash) this.#place = place.escaped;
        return isValueByte(byte);
      case place.escaped:
        this.#place = place.quoted;
        return isValueByte(byte);
      default:
        this.#place = place.nameStart;
        return byte === semicolon;
    }
  }
}
