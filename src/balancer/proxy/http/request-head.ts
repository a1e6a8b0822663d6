import { isDigit, isTokenByte } from './characters.ts';
import { type Framing, requestFraming } from './framing.ts';
import { HeaderFields } from './header-fields.ts';
import { removedFromRequests } from './known-fields.ts';

const maxRequestLineBytes = 8192;

/** Statuses with which a request head is refused before anything of it is forwarded. */
export type HeadRefusal = 400 | 405 | 414 | 417 | 431 | 501 | 505;

/**
 * A request head, read and judged (RFC 9112 section 3). One object reads head after head of a connection: what comes again as it
 * was is not read again.
 */
export class RequestHead {
  readonly fields = new HeaderFields();
  method = '';
  /** Always in origin form or `*`. */
  target = '';
  /** Undefined only for HTTP/1.0. */
  host: string | undefined;
  isHttp10 = false;
  framing: Framing = { kind: 'none' };
  /** Protocol that the client offers to change to, where that can be passed on. */
  upgrade: string | undefined;
  expectsContinue = false;
  keepsAlive = true;
  /** What all of this was read from; empty: from nothing, or it was changed afterwards. */
  #source = '';

  /** Reads a whole head with its empty line, up to `end`. Returns 0, or the status of the refusal. */
  parse(text: string, end = text.length): 0 | HeadRefusal {
    const source = text.slice(0, end);
    if (source === this.#source) return 0;
    this.#source = '';
    const refusal = this.#read(text, end);
    if (refusal === 0) this.#source = source;
    return refusal;
  }

  /** Called before something of it is changed: the next head is read, whatever it is. */
  willChange(): void {
    this.#source = '';
  }

  #read(text: string, end: number): 0 | HeadRefusal {
    const { fields } = this;
    const lineEnd = text.indexOf('\r\n');
    if (lineEnd > maxRequestLineBytes) return 414;
    const line = this.#parseRequestLine(text, lineEnd);
    if (line !== 0) return line;
    const section = fields.parse(text, lineEnd + 2, end, removedFromRequests);
    if (section !== 0) return section;
    if (!this.#settleHost()) return 400;
    const framing = requestFraming(fields, this.isHttp10);
    if (typeof framing === 'number') return framing;
    this.framing = framing;
    this.keepsAlive = this.isHttp10 ? fields.connectionHas('keep-alive') : !fields.connectionHas('close');
    this.expectsContinue = false;
    if (fields.expect !== undefined && !this.isHttp10) {
      if (fields.expect.toLowerCase() !== '100-continue') return 417;
      this.expectsContinue = true;
    }
    this.upgrade = fields.upgrade === undefined ? undefined : this.#acceptedUpgrade(fields.upgrade);
    return 0;
  }

  #parseRequestLine(text: string, lineEnd: number): 0 | HeadRefusal {
    let position = 0;
    while (isTokenByte(text.charCodeAt(position))) position++;
    if (position === 0 || text.charCodeAt(position) !== 0x20) return 400;
    this.method = text.slice(0, position);
    const targetStart = ++position;
    let byte = text.charCodeAt(position);
    // Printable ASCII, and no fragment: it never leaves a client (RFC 9110 section 4.2.5).
    while (byte > 0x20 && byte < 0x7f && byte !== 0x23) byte = text.charCodeAt(++position);
    if (position === targetStart || byte !== 0x20) return 400;
    const version = text.slice(position + 1, lineEnd);
    if (version === 'HTTP/1.1') this.isHttp10 = false;
    else if (version === 'HTTP/1.0') this.isHttp10 = true;
    else return isVersion(version) ? 505 : 400;
    return this.#parseTarget(text.slice(targetStart, position));
  }

  /** Settles the target; `host` becomes the authority of an absolute form (RFC 9112 section 3.2.2). */
  #parseTarget(target: string): 0 | HeadRefusal {
    this.host = undefined;
    this.target = target;
    if (this.method === 'CONNECT') return 405;
    if (target.charCodeAt(0) === 0x2f) return 0;
    if (target === '*') return this.method === 'OPTIONS' ? 0 : 400;
    const scheme = /^https?:\/\//i.exec(target)?.[0];
    if (scheme === undefined) return 400;
    const rest = target.slice(scheme.length);
    const authorityEnd = rest.search(/[/?]/);
    const authority = authorityEnd < 0 ? rest : rest.slice(0, authorityEnd);
    const path = authorityEnd < 0 ? '' : rest.slice(authorityEnd);
    if (authority === '') return 400;
    this.host = authority;
    if (path === '' && this.method === 'OPTIONS') this.target = '*';
    else this.target = path.startsWith('/') ? path : `/${path}`;
    return 0;
  }

  /** Exactly one valid Host (RFC 9112 section 3.2), which no absolute target may contradict. */
  #settleHost(): boolean {
    const { host, hostCount } = this.fields;
    if (hostCount > 1 || (hostCount === 0 && !this.isHttp10)) return false;
    if (this.host !== undefined && !isAuthority(this.host)) return false;
    if (host === undefined) return true;
    if (!isAuthority(host)) return false;
    if (this.host !== undefined && this.host.toLowerCase() !== host.toLowerCase()) return false;
    this.host = host;
    return true;
  }

  /** Never HTTP/2 in clear text, which would tunnel unseen requests; never together with a body. */
  #acceptedUpgrade(offered: string): string | undefined {
    if (this.isHttp10 || this.framing.kind !== 'none' || !this.fields.connectionHas('upgrade'))
      return undefined;
    const protocols = offered.split(',').map((protocol) => protocol.trim());
    if (protocols.some((protocol) => protocol === '' || /^(h2c?|http\/.*|tls\/.*)$/i.test(protocol)))
      return undefined;
    return offered;
  }
}

function isVersion(text: string): boolean {
  return (
    text.length === 8 &&
    text.startsWith('HTTP/') &&
    isDigit(text.charCodeAt(5)) &&
    text[6] === '.' &&
    isDigit(text.charCodeAt(7))
  );
}

/** `host[:port]` with no user information; empty where the target has no authority (RFC 9110 section 7.2). */
function isAuthority(text: string): boolean {
  let position = 0;
  if (text.charCodeAt(0) === 0x5b) {
    position = text.indexOf(']') + 1;
    if (position < 3 || !/^\[[0-9a-f:.]+\]$/i.test(text.slice(0, position))) return false;
  } else {
    while (position < text.length && isHostByte(text.charCodeAt(position))) position++;
  }
  if (position === text.length) return true;
  if (text.charCodeAt(position) !== 0x3a || text.length - position > 6) return false;
  for (position++; position < text.length; position++) {
    if (!isDigit(text.charCodeAt(position))) return false;
  }
  return true;
}

/** Unreserved and sub-delimiter characters and the percent sign (RFC 3986 section 3.2.2), less comma and quotes. */
function isHostByte(byte: number): boolean {
  const lower = byte | 0x20;
  return (
    (lower >= 0x61 && lower <= 0x7a) ||
    isDigit(byte) ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x5f ||
    byte === 0x7e ||
    byte === 0x25
  );
}
