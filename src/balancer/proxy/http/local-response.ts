import { STATUS_CODES } from 'node:http';
import type { Page } from '../../../model/routing.ts';
import { whyNobody } from '../../empty-reason.ts';
import type { PoolState } from '../worker/pool-state.ts';

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
  /** Further field lines, each with its CRLF. */
  readonly lines?: string;
  /** Instead of the balancer's own words. */
  readonly page?: Page;
}

/** A whole response that the balancer gives itself. */
export function formatLocalResponse(response: LocalResponse): string {
  const { status, requestId, closes, lines = '' } = response;
  const title = STATUS_CODES[status] ?? 'Error';
  const { contentType, body } = response.page ?? ownPage(response, title);
  const hasBody = status !== 204 && status !== 304;
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    ...(hasBody ? [`Content-Type: ${contentType}`, `Content-Length: ${Buffer.byteLength(body)}`] : []),
    ...(status >= 400 ? ['Cache-Control: no-store'] : []),
    ...(response.retryAfterSeconds === undefined ? [] : [`Retry-After: ${response.retryAfterSeconds}`]),
    ...(requestId === undefined ? [] : [`X-Request-ID: ${requestId}`]),
    ...(status === 405 ? ['Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'] : []),
    `Connection: ${closes ? 'close' : 'keep-alive'}`,
  ].join('\r\n');
  return `${head}\r\n${lines}\r\n${hasBody && !response.isHeadRequest ? body : ''}`;
}

function ownPage({ status, reason, requestId, wantsJson }: LocalResponse, title: string): Page {
  return wantsJson
    ? {
        contentType: 'application/json',
        body: `${JSON.stringify({ error: { status, title, reason, requestId } })}\n`,
      }
    : { contentType: 'text/plain; charset=utf-8', body: `${status} ${title}: ${reason}\n` };
}

/** Why nothing in the pool can be asked. */
export function emptyReasonOf(pool: PoolState): string {
  return whyNobody(
    pool,
    pool.endpoints.map(({ isDraining }) => isDraining),
  );
}
