/** Header fields that the proxy itself reads, replaces or removes. Everything else passes as it came. */
export const known = {
  other: 0,
  host: 1,
  contentLength: 2,
  transferEncoding: 3,
  connection: 4,
  keepAlive: 5,
  upgrade: 6,
  expect: 7,
  te: 8,
  proxyConnection: 9,
  proxy: 10,
  http2Settings: 11,
  forwardedFor: 12,
  forwardedProto: 13,
  forwardedHost: 14,
  forwardedPort: 15,
  requestId: 16,
  servedBy: 17,
  upstreamServer: 18,
  /** A name such as `Content_Length`, which CGI-like servers read as the real one. */
  disguised: 19,
  traceparent: 20,
} as const;

/** Names and their codes, by length. */
const candidates: ({ readonly names: string[]; readonly codes: number[] } | undefined)[] = [];
for (const [name, code] of [
  ['host', known.host],
  ['content-length', known.contentLength],
  ['transfer-encoding', known.transferEncoding],
  ['connection', known.connection],
  ['keep-alive', known.keepAlive],
  ['upgrade', known.upgrade],
  ['expect', known.expect],
  ['te', known.te],
  ['proxy-connection', known.proxyConnection],
  ['proxy', known.proxy],
  ['http2-settings', known.http2Settings],
  ['x-forwarded-for', known.forwardedFor],
  ['x-forwarded-proto', known.forwardedProto],
  ['x-forwarded-host', known.forwardedHost],
  ['x-forwarded-port', known.forwardedPort],
  ['x-request-id', known.requestId],
  ['x-served-by', known.servedBy],
  ['x-upstream-server', known.upstreamServer],
  ['traceparent', known.traceparent],
] as const) {
  const sameLength = (candidates[name.length] ??= { names: [], codes: [] });
  sameLength.names.push(name);
  sameLength.codes.push(code);
}

/** Which known field the name in `text[start, end)` is, without making a string of it. */
export function knownField(text: string, start: number, end: number): number {
  const sameLength = candidates[end - start];
  if (sameLength === undefined) return known.other;
  const first = text.charCodeAt(start) | 0x20;
  for (let candidate = 0; candidate < sameLength.names.length; candidate++) {
    const name = sameLength.names[candidate] ?? '';
    if (name.charCodeAt(0) !== first) continue;
    let isDisguised = false;
    let index = 1;
    for (; index < name.length; index++) {
      const byte = text.charCodeAt(start + index);
      const wanted = name.charCodeAt(index);
      if ((byte | 0x20) === wanted) continue;
      if (byte !== 0x5f || wanted !== 0x2d) break;
      isDisguised = true;
    }
    if (index === name.length)
      return isDisguised ? known.disguised : (sameLength.codes[candidate] ?? known.other);
  }
  return known.other;
}

function fieldSet(...codes: readonly number[]): Uint8Array {
  const set = new Uint8Array(21);
  for (const code of codes) set[code] = 1;
  return set;
}

const hopByHop = [known.connection, known.keepAlive, known.proxyConnection, known.te, known.upgrade] as const;

/** Removed from requests; framing, host and forwarding fields are written anew. */
export const removedFromRequests = fieldSet(
  ...hopByHop,
  known.host,
  known.contentLength,
  known.transferEncoding,
  known.expect,
  known.proxy,
  known.http2Settings,
  known.forwardedFor,
  known.forwardedProto,
  known.forwardedHost,
  known.forwardedPort,
  known.requestId,
  known.traceparent,
  known.disguised,
);

/** Removed from responses; framing fields are written anew. */
export const removedFromResponses = fieldSet(...hopByHop, known.contentLength, known.transferEncoding);

/** The same when the proxy adds its own `X-Served-By`, `X-Upstream-Server` and `X-Request-ID`. */
export const removedFromNamedResponses = fieldSet(
  ...hopByHop,
  known.contentLength,
  known.transferEncoding,
  known.servedBy,
  known.upstreamServer,
  known.requestId,
);
