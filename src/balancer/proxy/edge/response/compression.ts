import type { CompressionPolicy } from '../../../../model/edge.ts';
import { fieldValue, withoutField } from '../../routing/header-lines.ts';

export type Encoding = 'br' | 'gzip';

/** What of a request decides whether its response may be encoded. */
export interface EncodingTerms {
  readonly policy: CompressionPolicy;
  readonly acceptEncoding: string | undefined;
  readonly isHttp10: boolean;
  readonly isHeadRequest: boolean;
  readonly isRangeRequest: boolean;
}

/** The first of the policy's encodings that the client takes (RFC 9110 section 12.5.3); a star stands for all not named. */
export function acceptedEncoding(
  { encodings }: CompressionPolicy,
  field: string | undefined,
): Encoding | undefined {
  if (field === undefined) return undefined;
  const weights = new Map<string, number>();
  for (const part of field.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    weights.set(name, q === undefined ? 1 : Number(q.slice(2)) || 0);
  }
  return encodings.find((encoding) => (weights.get(encoding) ?? weights.get('*') ?? 0) > 0);
}

/** How a response goes on: in which encoding, and with which field lines. */
export interface EncodingDecision {
  readonly encoding: Encoding | undefined;
  readonly lines: string;
}

/** Whether a response is encoded, and what its head then says. What might have been is marked as varying all the same. */
export function decideEncoding(status: number, lines: string, terms: EncodingTerms): EncodingDecision {
  const { policy } = terms;
  if (!isEncodable(status, lines, policy)) return { encoding: undefined, lines };
  const varied = withVary(lines);
  const { isHttp10, isHeadRequest, isRangeRequest } = terms;
  const encoding =
    isHttp10 || isHeadRequest || isRangeRequest ? undefined : acceptedEncoding(policy, terms.acceptEncoding);
  if (encoding === undefined) return { encoding, lines: varied };
  const etag = fieldValue(varied, 'etag');
  let encoded = withoutField(withoutField(varied, 'content-length'), 'transfer-encoding');
  encoded = withoutField(withoutField(encoded, 'accept-ranges'), 'content-md5');
  if (etag !== undefined && !etag.startsWith('W/')) {
    // Another encoding is another sequence of bytes (RFC 9110 section 8.8.3.3).
    encoded = `${withoutField(encoded, 'etag')}ETag: W/${etag}\r\n`;
  }
  return { encoding, lines: `${encoded}Content-Encoding: ${encoding}\r\nTransfer-Encoding: chunked\r\n` };
}

function isEncodable(status: number, lines: string, { minBytes, types }: CompressionPolicy): boolean {
  if (status < 200 || status === 204 || status === 206 || status === 304) return false;
  if (fieldValue(lines, 'content-encoding') !== undefined || fieldValue(lines, 'content-range') !== undefined)
    return false;
  if (/(?:^|[\s,])no-transform(?:$|[\s,])/i.test(fieldValue(lines, 'cache-control') ?? '')) return false;
  const length = fieldValue(lines, 'content-length');
  if (length !== undefined && Number(length) < minBytes) return false;
  const type = (fieldValue(lines, 'content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  // An event has to go out when it happens, not when a block is full.
  if (type === '' || type === 'text/event-stream') return false;
  return types.some(
    (wanted) => wanted === type || (wanted.endsWith('/*') && type.startsWith(wanted.slice(0, -1))),
  );
}

function withVary(lines: string): string {
  const vary = fieldValue(lines, 'vary');
  if (vary === undefined) return `${lines}Vary: Accept-Encoding\r\n`;
  if (/(?:^|[\s,])(?:\*|accept-encoding)(?:$|[\s,])/i.test(vary)) return lines;
  return `${withoutField(lines, 'vary')}Vary: ${vary}, Accept-Encoding\r\n`;
}
