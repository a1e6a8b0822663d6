import { isBlank, isTokenByte, isValueByte } from './characters.ts';
import { known, knownField } from './known-fields.ts';

const maxFields = 128;

/** What a header section says about the things that the proxy has to know. One object is used again and again. */
export class HeaderFields {
  /** The lines that pass, as they came, each with its CRLF. */
  kept = '';
  count = 0;
  host: string | undefined;
  hostCount = 0;
  contentLength: string | undefined;
  contentLengthCount = 0;
  transferEncoding: string | undefined;
  transferEncodingCount = 0;
  connection: string | undefined;
  keepAlive: string | undefined;
  upgrade: string | undefined;
  expect: string | undefined;
  forwardedFor: string | undefined;
  forwardedProto: string | undefined;
  forwardedPort: string | undefined;
  requestId: string | undefined;
  traceparent: string | undefined;

  /**
   * Reads the field lines in `text` from `start` up to `textEnd`, with the empty line that ends them (RFC 9112 section 5).
   * Returns 0, or the status with which a request of this shape is refused: 400 malformed, 431 too many.
   */
  parse(text: string, start: number, textEnd: number, removed: Uint8Array): 0 | 400 | 431 {
    this.#clear();
    const end = textEnd - 2;
    let keptFrom = start;
    let position = start;
    while (position < end) {
      const lineStart = position;
      let byte = text.charCodeAt(position);
      while (isTokenByte(byte)) byte = text.charCodeAt(++position);
      // Also refuses folded lines, which begin with a blank, and a blank before the colon.
      if (byte !== 0x3a || position === lineStart) return 400;
      const nameEnd = position++;
      while (isValueByte(text.charCodeAt(position))) position++;
      const lineEnd = position + 2;
      if (text.charCodeAt(position) !== 0x0d || text.charCodeAt(position + 1) !== 0x0a) return 400;
      if (++this.count > maxFields) return 431;
      const field = knownField(text, lineStart, nameEnd);
      if (field !== known.other) {
        this.#note(field, text, nameEnd + 1, position);
        if (removed[field] === 1) {
          if (keptFrom < lineStart) this.kept += text.slice(keptFrom, lineStart);
          keptFrom = lineEnd;
        }
      }
      position = lineEnd;
    }
    if (position !== end) return 400;
    if (keptFrom < end) this.kept += text.slice(keptFrom, end);
    if (this.connection !== undefined && !isPlainConnection(this.connection)) this.#removeNamedByConnection();
    return 0;
  }

  /** True when the `Connection` field holds the token, given in lower case (RFC 9110 section 7.6.1). */
  connectionHas(token: string): boolean {
    const { connection } = this;
    if (connection === undefined) return false;
    if (connection.length === token.length) return connection.toLowerCase() === token;
    if (connection.length < token.length) return false;
    return connection
      .toLowerCase()
      .split(',')
      .some((part) => part.trim() === token);
  }

  #clear(): void {
    this.kept = '';
    this.count = 0;
    this.host = undefined;
    this.hostCount = 0;
    this.contentLength = undefined;
    this.contentLengthCount = 0;
    this.transferEncoding = undefined;
    this.transferEncodingCount = 0;
    this.connection = undefined;
    this.keepAlive = undefined;
    this.upgrade = undefined;
    this.expect = undefined;
    this.forwardedFor = undefined;
    this.forwardedProto = undefined;
    this.forwardedPort = undefined;
    this.requestId = undefined;
    this.traceparent = undefined;
  }

  #note(field: number, text: string, start: number, end: number): void {
    let from = start;
    let to = end;
    while (from < to && isBlank(text.charCodeAt(from))) from++;
    while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
    const value = text.slice(from, to);
    switch (field) {
      case known.host:
        this.host = value;
        this.hostCount++;
        break;
      case known.contentLength:
        this.contentLength = value;
        this.contentLengthCount++;
        break;
      case known.transferEncoding:
        this.transferEncoding = value;
        this.transferEncodingCount++;
        break;
      case known.connection:
        this.connection = joined(this.connection, value);
        break;
      case known.keepAlive:
        this.keepAlive = value;
        break;
      case known.upgrade:
        this.upgrade = joined(this.upgrade, value);
        break;
      case known.expect:
        this.expect = joined(this.expect, value);
        break;
      case known.forwardedFor:
        this.forwardedFor = joined(this.forwardedFor, value);
        break;
      case known.forwardedProto:
        this.forwardedProto = joined(this.forwardedProto, value);
        break;
      case known.forwardedPort:
        this.forwardedPort = value;
        break;
      case known.requestId:
        this.requestId = value;
        break;
      case known.traceparent:
        this.traceparent = joined(this.traceparent, value);
        break;
      default:
        break;
    }
  }

  /** Fields that `Connection` names belong to one hop only (RFC 9110 section 7.6.1). */
  #removeNamedByConnection(): void {
    const named = new Set<string>();
    for (const part of (this.connection ?? '').toLowerCase().split(',')) {
      const token = part.trim();
      if (token !== '' && token !== 'close' && token !== 'keep-alive' && token !== 'upgrade')
        named.add(token);
    }
    // What the proxy writes itself is not in `kept`, so no client can have it removed.
    if (named.size === 0) return;
    this.kept = this.kept
      .split('\r\n')
      .filter((line) => line !== '' && !named.has(line.slice(0, line.indexOf(':')).toLowerCase()))
      .map((line) => `${line}\r\n`)
      .join('');
  }
}

/** What nearly every message says, and what names no field. */
function isPlainConnection(value: string): boolean {
  return value === 'keep-alive' || value === 'close' || value === 'Keep-Alive' || value === 'Upgrade';
}

function joined(first: string | undefined, second: string): string {
  return first === undefined ? second : `${first}, ${second}`;
}
