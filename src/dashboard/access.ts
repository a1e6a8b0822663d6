import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { refusalOf } from '../daemon/admin/same-origin.ts';

/** A link is used at once, or asked for again. */
const linkLifeMs = 10 * 60_000;
const sessionLifeMs = 7 * 24 * 60 * 60_000;
const cookieName = 'tenfold_dashboard';

type Purpose = 'link' | 'session';

/**
 * Who may use the dashboard: whoever has a link, which is signed with a key that only the daemon's user can read. The link
 * is good for ten minutes and is exchanged for a cookie that is good for seven days; a new key ends them all.
 */
export interface Access {
  /**
   * Part of every path of the dashboard, derived from the key. A browser sends a cookie to every port of a host; below a
   * path that no other program knows, none of them can make the browser send it this one.
   */
  readonly door: string;
  /** A token for a link. */
  issueLink(now: number): string;
  isLink(token: string, now: number): boolean;
  /** The `Set-Cookie` header of a new session. */
  issueCookie(now: number): string;
  hasSession(request: IncomingMessage, now: number): boolean;
}

export function createAccess(key: string): Access {
  const sign = (purpose: Purpose | 'door', text: string): Buffer =>
    createHmac('sha256', key).update(`${purpose} ${text}`).digest();
  const issue = (purpose: Purpose, expiresAt: number): string => {
    const expiry = expiresAt.toString(36);
    return `${expiry}.${sign(purpose, expiry).toString('base64url')}`;
  };
  const isValid = (purpose: Purpose, token: string, now: number): boolean => {
    const [expiry = '', signature = ''] = token.split('.');
    const expected = sign(purpose, expiry);
    const given = Buffer.from(signature, 'base64url');
    // Compared in constant time, so that the time it takes tells nothing of the signature.
    const isGenuine = given.length === expected.length && timingSafeEqual(given, expected);
    return isGenuine && Number.parseInt(expiry, 36) > now;
  };
  const door = sign('door', '').toString('hex').slice(0, 20);
  return {
    door,
    issueLink: (now) => issue('link', now + linkLifeMs),
    isLink: (token, now) => isValid('link', token, now),
    issueCookie: (now) =>
      `${cookieName}=${issue('session', now + sessionLifeMs)}; Path=/dashboard/${door}/; ` +
      `Max-Age=${sessionLifeMs / 1000}; HttpOnly; SameSite=Strict`,
    hasSession: (request, now) => cookiesOf(request).some((token) => isValid('session', token, now)),
  };
}

function cookiesOf({ headers }: IncomingMessage): string[] {
  return (headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${cookieName}=`))
    .map((pair) => pair.slice(cookieName.length + 1));
}

/**
 * Why a request is refused whatever its cookie, or undefined: what the admin listener refuses, and a change that does not say
 * that it comes from a page of our own. A cookie's SameSite is no help against the other ports of this host, which are
 * the same site; a form can send no JSON. Sources: Fetch, sections 3.2 (`Origin`) and 4.8 (requests that need a preflight).
 */
export function foreignReason(request: IncomingMessage): string | undefined {
  const refusal = refusalOf(request);
  if (refusal !== undefined) return refusal.reason;
  if (request.method === 'GET') return undefined;
  if (request.headers.origin === undefined) return 'it does not say which page it comes from';
  const contentType = request.headers['content-type'] ?? '';
  if (/^application\/json\b/i.test(contentType)) return undefined;
  return `its content type is ${contentType === '' ? '(none)' : contentType}`;
}
