import type { HeaderFields } from './header-fields.ts';
import { isDigit, isToken } from './characters.ts';

/** How a message body is delimited. This module is the only one that decides it (RFC 9112 section 6.3). */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  /** The end of the connection ends the body; responses only. */
  | { readonly kind: 'close' }
  /** A tunnel begins after the head; responses only. */
  | { readonly kind: 'upgrade' };

/** Status with which a message is refused. */
export type Refusal = 400 | 501;

const none: Framing = { kind: 'none' };
const chunked: Framing = { kind: 'chunked' };
const untilClose: Framing = { kind: 'close' };
const upgrade: Framing = { kind: 'upgrade' };

/** Nothing that could be read in two ways is let through: both fields, either one twice, or another coding. */
export function requestFraming(fields: HeaderFields, isHttp10: boolean): Framing | Refusal {
  const length = declaredLength(fields);
  if (fields.transferEncoding === undefined) {
    if (length === undefined) return none;
    if (length < 0) return 400;
    return length === 0 ? none : { kind: 'length', bytes: length };
  }
  if (isHttp10 || length !== undefined) return 400;
  return isChunkedAlone(fields) ? chunked : codingRefusal(fields);
}

export interface ResponseContext {
  readonly status: number;
  readonly isHttp10: boolean;
  readonly isHeadRequest: boolean;
  /** The request offered an upgrade, so that a 101 may come. */
  readonly isUpgradeOffered: boolean;
}

/** Undefined: the response cannot be trusted, and nothing of it may reach the client. */
export function responseFraming(fields: HeaderFields, context: ResponseContext): Framing | undefined {
  const length = declaredLength(fields);
  if (length !== undefined && length < 0) return undefined;
  const { status } = context;
  if (status === 101) return context.isUpgradeOffered ? upgrade : undefined;
  if (fields.transferEncoding !== undefined) {
    if (length !== undefined || context.isHttp10 || !isChunkedAlone(fields)) return undefined;
  }
  if (status < 200 || status === 204 || status === 304 || context.isHeadRequest) return none;
  if (fields.transferEncoding !== undefined) return chunked;
  if (length === undefined) return untilClose;
  return length === 0 ? none : { kind: 'length', bytes: length };
}

/** Undefined: no Content-Length. -1: one that is malformed or there twice. */
function declaredLength(fields: HeaderFields): number | undefined {
  const text = fields.contentLength;
  if (text === undefined) return undefined;
  // 15 digits stay exact in a double.
  if (fields.contentLengthCount !== 1 || text.length === 0 || text.length > 15) return -1;
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    const byte = text.charCodeAt(index);
    if (!isDigit(byte)) return -1;
    length = length * 10 + byte - 0x30;
  }
  return length;
}

function isChunkedAlone(fields: HeaderFields): boolean {
  return fields.transferEncodingCount === 1 && fields.transferEncoding?.toLowerCase() === 'chunked';
}

/** A coding that is well named but unknown is 501 (RFC 9112 section 6.1); all else is malformed. */
function codingRefusal(fields: HeaderFields): Refusal {
  const codings = (fields.transferEncoding ?? '').split(',').map((coding) => coding.trim().toLowerCase());
  const isWellFormed = fields.transferEncodingCount === 1 && codings.every(isToken);
  return isWellFormed && codings.indexOf('chunked') === codings.length - 1 ? 501 : 400;
}
