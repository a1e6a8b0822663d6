import type { PoolState } from '../worker/pool-state.ts';

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

export interface LocalResponse {
  readonly status: number;
  /** One line for a person: why the balancer answered by itself. */
  readonly reason: string;
  readonly requestId: string | undefined;
  readonly isHeadRequest: boolean;
  readonly wantsJson: boolean;
  readonly closes: boolean;
  /** Seconds for `Retry-After`. */
  readonly retryAfterSeconds?: number;
}

/** A whole response that the balancer gives itself. */
export function formatLocalResponse(response: LocalResponse): string {
  const { status, reason, requestId, closes } = response;
  const title = reasons[status] ?? 'Error';
  const body = response.wantsJson
    ? `${JSON.stringify({ error: { status, title, reason, requestId } })}\n`
    : `${status} ${title}: ${reason}\n`;
  return [
    `HTTP/1.1 ${status} ${title}`,
    `Content-Type: ${response.wantsJson ? 'application/json' : 'text/plain; charset=utf-8'}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    ...(response.retryAfterSeconds === undefined ? [] : [`Retry-After: ${response.retryAfterSeconds}`]),
    ...(requestId === undefined ? [] : [`X-Request-ID: ${requestId}`]),
    ...(status === 405 ? ['Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'] : []),
    `Connection: ${closes ? 'close' : 'keep-alive'}`,
    '',
    response.isHeadRequest ? '' : body,
  ].join('\r\n');
}

/** Why nothing in the pool can be asked. */
export function emptyReasonOf(pool: PoolState): string {
  if (pool.endpoints.length > 0) return `every replica of ${pool.service} is draining`;
  return pool.emptyReason === '' ? `no replica of ${pool.service} is in rotation` : pool.emptyReason;
}
