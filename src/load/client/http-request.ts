/** A request that is ready to be sent, again and again. */
export interface HttpRequest {
  /** Head and body as they go over the wire. */
  readonly bytes: Buffer;
  readonly isHead: boolean;
  /** Longest time from sending to the last byte of the response. */
  readonly timeoutMs: number;
  /** The body of the response is to be kept, for checks. */
  readonly isBodyKept: boolean;
}

export interface HttpRequestParts {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Value of `Host`. */
  readonly host: string;
  /** These count more than the fields that are sent by default; names in any case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const methodsWithBody = new Set(['POST', 'PUT', 'PATCH']);

/** The wire form of a request (RFC 9112 section 3). The parts must have been checked for line breaks. */
export function encodeRequest({ method, path, host, headers, body = '' }: HttpRequestParts): Buffer {
  const content = Buffer.from(body);
  const fields = new Map<string, readonly [name: string, value: string]>();
  const set = (name: string, value: string): unknown => fields.set(name.toLowerCase(), [name, value]);
  set('Host', host);
  set('User-Agent', 'tenfold-load');
  set('Accept', '*/*');
  for (const [name, value] of Object.entries(headers)) set(name, value);
  if (content.length > 0 || methodsWithBody.has(method)) set('Content-Length', String(content.length));
  const lines = [...fields.values()].map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'),
    content,
  ]);
}
