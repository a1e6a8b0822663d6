/** A request of HTTP/2 in the words of HTTP/1.1. */
export interface TranslatedRequest {
  readonly head: string;
  readonly body: 'none' | 'chunked' | { readonly bytes: number };
}

/** They belong to HTTP/1.1 alone; a request that has one is malformed (RFC 9113 section 8.2.2). */
const connectionSpecific = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);
const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
/** No control characters but tab, and no blank at either end (RFC 9113 section 8.2.1). */
const fieldValue = /^(?![\t ])[\t\x20-\x7e\x80-\xff]*(?<![\t ])$/;

/**
 * Translates a request without losing what it says, or refuses it: nothing in it can become a line, a length or a second request
 * that its sender has not plainly written. `fields` holds names and values in turns, as they came.
 */
export function translateRequest(
  fields: readonly string[],
  endsHere: boolean,
): TranslatedRequest | 400 | 405 {
  const pseudo = new Map<string, string>();
  const cookies: string[] = [];
  let lines = '';
  let host: string | undefined;
  let length: string | undefined;
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] ?? '';
    const value = fields[index + 1] ?? '';
    if (!fieldValue.test(value)) return 400;
    if (name.startsWith(':')) {
      // They come first, and each once (RFC 9113 section 8.3).
      if (lines !== '' || pseudo.has(name)) return 400;
      pseudo.set(name, value);
      continue;
    }
    if (!token.test(name) || connectionSpecific.has(name)) return 400;
    if (name === 'te' && value !== 'trailers') return 400;
    if (name === 'host') {
      if (host !== undefined) return 400;
      host = value;
    } else if (name === 'content-length') {
      if (length !== undefined || !/^\d{1,15}$/.test(value)) return 400;
      length = value;
    } else if (name === 'cookie') cookies.push(value);
    else if (name !== 'te') lines += `${name}: ${value}\r\n`;
  }
  const method = pseudo.get(':method');
  const target = pseudo.get(':path');
  if (method === 'CONNECT') return 405;
  const authority = pseudo.get(':authority') ?? host;
  if (method === undefined || target === undefined || authority === undefined || authority === '') return 400;
  if (pseudo.get(':scheme') !== 'https' || !/^(?:\/|\*$)/.test(target) || /[^\x21-\x7e]/.test(target))
    return 400;
  if (host !== undefined && host.toLowerCase() !== authority.toLowerCase()) return 400;
  if ([...pseudo.keys()].some((name) => ![':method', ':path', ':authority', ':scheme'].includes(name)))
    return 400;
  const bytes = length === undefined ? undefined : Number(length);
  if (endsHere && bytes !== undefined && bytes > 0) return 400;
  const body = endsHere || bytes === 0 ? 'none' : bytes === undefined ? 'chunked' : { bytes };
  const framing =
    body === 'chunked'
      ? 'Transfer-Encoding: chunked\r\n'
      : length === undefined
        ? ''
        : `Content-Length: ${length}\r\n`;
  // Pieces of a cookie are one field again (RFC 9113 section 8.2.3).
  const cookie = cookies.length === 0 ? '' : `cookie: ${cookies.join('; ')}\r\n`;
  return {
    head: `${method} ${target} HTTP/1.1\r\nHost: ${authority}\r\n${lines}${cookie}${framing}Connection: close\r\n\r\n`,
    body,
  };
}
