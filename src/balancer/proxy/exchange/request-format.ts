import { randomBytes } from 'node:crypto';
import type { BalancingPolicy } from '../../../model/balancing.ts';
import { type ConnectionEnds, formatProxyHeader } from '../edge/proxy-protocol.ts';
import type { RequestHead } from '../http/request-head.ts';
import { parseTraceparent, traceLine } from '../visibility/trace-context.ts';

const idPrefix = randomBytes(8).toString('hex');
let idCount = 0;

/** The client's own request id when it is sane, else a new one. */
export function requestIdFor(given: string | undefined): string {
  if (given !== undefined && isSaneId(given)) return given;
  idCount++;
  return `${idPrefix}-${idCount}`;
}

function isSaneId(text: string): boolean {
  if (text.length === 0 || text.length > 128) return false;
  for (let index = 0; index < text.length; index++) {
    const byte = text.charCodeAt(index);
    const lower = byte | 0x20;
    const isWordByte = (byte >= 0x2b && byte <= 0x3a) || (lower >= 0x61 && lower <= 0x7a);
    if (!isWordByte && byte !== 0x5f && byte !== 0x3d && byte !== 0x7e) return false;
    if (byte === 0x2c) return false;
  }
  return true;
}

/** What is the same for every request of a client connection. */
export interface ForwardedBy {
  readonly clientAddress: string;
  /** `X-Forwarded-Proto` and `X-Forwarded-Port` lines. */
  readonly lines: string;
  /** Of the client's connection, for replicas that want to be told by the PROXY protocol. */
  readonly ends: () => ConnectionEnds;
}

/** What a connection to a replica begins with; empty: nothing, and it may be used for others too. */
export function prefaceOf({ sendProxyProtocol }: BalancingPolicy, by: ForwardedBy): string {
  return sendProxyProtocol === undefined ? '' : formatProxyHeader(sendProxyProtocol, by.ends());
}

/** What a trace's parent had to say means nothing once its name is lost (W3C Trace Context, section 3.2.2). */
function keptLines({ kept, traceparent }: RequestHead['fields']): string {
  const isLost = traceparent !== undefined && parseTraceparent(traceparent) === undefined;
  return isLost ? kept.replaceAll(/^tracestate:.*\r\n/gim, '') : kept;
}

/** The head that goes to the replica. Framing is written from what was decided, not copied. */
export function formatRequestHead(
  head: RequestHead,
  requestId: string,
  by: ForwardedBy,
  fallbackHost: string,
  traceparent: string | undefined,
): string {
  const { fields, framing, host } = head;
  let text = `${head.method} ${head.target} HTTP/1.1\r\nHost: ${host ?? fallbackHost}\r\n${keptLines(fields)}`;
  // A length of nought is written only where a server might miss it.
  if (framing.kind === 'length') text += `Content-Length: ${framing.bytes}\r\n`;
  else if (framing.kind === 'chunked') text += 'Transfer-Encoding: chunked\r\n';
  else if (fields.contentLength !== undefined) text += 'Content-Length: 0\r\n';
  if (head.expectsContinue) text += 'Expect: 100-continue\r\n';
  text += traceparent === undefined ? traceLine(fields.traceparent) : `traceparent: ${traceparent}\r\n`;
  const { forwardedFor } = fields;
  const chain = forwardedFor === undefined ? by.clientAddress : `${forwardedFor}, ${by.clientAddress}`;
  text += `X-Request-ID: ${requestId}\r\nX-Forwarded-For: ${chain}\r\n${by.lines}`;
  if (host !== undefined) text += `X-Forwarded-Host: ${host}\r\n`;
  if (head.upgrade !== undefined) text += `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n`;
  return `${text}\r\n`;
}
