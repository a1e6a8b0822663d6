import type { IncomingMessage } from 'node:http';

/** Why a request is not answered. */
export interface Refusal {
  readonly status: 403 | 421;
  readonly reason: string;
}

const loopbackNames = new Set(['localhost', '127.0.0.1', '::1']);

/**
 * A page of another site must not be able to ask this server through its reader's browser. A foreign `Host` shows a name that
 * was made to resolve to us (DNS rebinding); `Origin` and `Sec-Fetch-Site` show who asks (Fetch Metadata). A link from elsewhere
 * may be followed, because who set it learns nothing.
 */
export function refusalOf(request: IncomingMessage): Refusal | undefined {
  const { host, origin } = request.headers;
  const name = hostName(host ?? '');
  const localAddress = (request.socket.localAddress ?? '').replace(/^::ffff:/, '');
  if (name === undefined || (!loopbackNames.has(name) && name !== localAddress))
    return { status: 421, reason: 'this server answers under localhost and its own address only' };
  if (origin !== undefined && !isOriginOf(origin, host ?? ''))
    return { status: 403, reason: 'a page of another origin may not ask this server' };
  const site = request.headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return undefined;
  const isFollowedLink =
    request.method === 'GET' &&
    request.headers['sec-fetch-mode'] === 'navigate' &&
    request.headers['sec-fetch-dest'] === 'document';
  return isFollowedLink
    ? undefined
    : { status: 403, reason: 'a page of another site may not ask this server' };
}

/** Without its port; undefined when it is malformed. */
function hostName(host: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([^:/?#@\s[\]]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  return (bracketed ?? plain)?.toLowerCase();
}

function isOriginOf(origin: string, host: string): boolean {
  return origin.toLowerCase() === `http://${host.toLowerCase()}`;
}
