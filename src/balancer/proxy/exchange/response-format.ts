import type { ResponseHead } from '../http/response-head.ts';
import type { EndpointState } from '../worker/endpoint-state.ts';
import type { RequestTraits } from '../worker/request-traits.ts';
import type { PoolState } from '../worker/pool-state.ts';

export interface ResponseNaming {
  /** `X-Served-By`, `X-Upstream-Server` and `Set-Cookie` lines of the proxy's own, or empty. */
  readonly nameLines: string;
  /** Undefined: not to be shown. */
  readonly requestId: string | undefined;
}

const unnamed: ResponseNaming = { nameLines: '', requestId: undefined };

export function namingOf(
  pool: PoolState | undefined,
  endpoint: EndpointState,
  requestId: string,
  traits: RequestTraits | undefined,
): ResponseNaming {
  const naming =
    pool?.policy.responseHeaders === true ? { nameLines: endpoint.nameLines, requestId } : unnamed;
  if (pool?.pins === undefined) return naming;
  return { ...naming, nameLines: naming.nameLines + pool.pinLine(endpoint, traits) };
}

/** What the client's side makes of the response. */
export interface ClientTerms {
  readonly isHttp10: boolean;
  /** The connection stays open after this response. */
  readonly keepsAlive: boolean;
}

/** The head that goes to the client; hop-by-hop fields are gone and framing is written anew. */
export function formatResponseHead(head: ResponseHead, naming: ResponseNaming, terms: ClientTerms): string {
  const { fields, status } = head;
  let text = `HTTP/1.1 ${head.statusText}\r\n${fields.kept}`;
  if (status !== 204) {
    if (fields.contentLength !== undefined) text += `Content-Length: ${fields.contentLength}\r\n`;
    else if (fields.transferEncoding !== undefined && !terms.isHttp10)
      text += 'Transfer-Encoding: chunked\r\n';
  }
  text += naming.nameLines;
  if (naming.requestId !== undefined) text += `X-Request-ID: ${naming.requestId}\r\n`;
  if (!terms.keepsAlive) text += 'Connection: close\r\n';
  else if (terms.isHttp10) text += 'Connection: keep-alive\r\n';
  return `${text}\r\n`;
}

export function formatInterimHead(head: ResponseHead): string {
  return `HTTP/1.1 ${head.statusText}\r\n${head.fields.kept}\r\n`;
}

export function formatUpgradeHead(head: ResponseHead, naming: ResponseNaming): string {
  const { fields } = head;
  const id = naming.requestId === undefined ? '' : `X-Request-ID: ${naming.requestId}\r\n`;
  const upgrade = fields.upgrade === undefined ? '' : `Upgrade: ${fields.upgrade}\r\n`;
  return `HTTP/1.1 ${head.statusText}\r\n${fields.kept}${naming.nameLines}${id}Connection: Upgrade\r\n${upgrade}\r\n`;
}
