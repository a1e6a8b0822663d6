import type { HashKey } from '../../../model/balancing.ts';
import type { PoolEntry } from '../../balancer-driver.ts';
import type { ForwardedBy } from '../exchange/request-format.ts';
import type { RequestHead } from '../http/request-head.ts';
import { hashOf } from './selection/hash.ts';

/** What the choice of an endpoint depends on in a request, kept over its attempts. */
export interface RequestTraits {
  /** Of its key; undefined: it has none. */
  readonly hash: number | undefined;
  /** Value of its sticky cookie. */
  readonly pinned: string | undefined;
  /** It names the canary by header or cookie. */
  readonly demandsCanary: boolean;
  /** It came over TLS. */
  readonly isSecure: boolean;
}

/** Reads the traits; the head is undefined for a TCP connection. */
export type TraitReader = (head: RequestHead | undefined, by: ForwardedBy) => RequestTraits;

/** Undefined: nothing in a request matters to this pool. */
export function traitReader({ policy, split }: PoolEntry): TraitReader | undefined {
  const { algorithm, hashKey, sticky } = policy;
  const isAddressHashed = algorithm === 'ip_hash';
  const readKey = algorithm === 'hash' && hashKey !== undefined ? keyReader(hashKey) : undefined;
  const readPin = sticky === undefined ? undefined : cookieReader(sticky.cookie);
  const { header, cookie } = split ?? {};
  const readHeader = header === undefined ? undefined : headerReader(header.name);
  const readCookie = cookie === undefined ? undefined : cookieReader(cookie.name);
  if (!isAddressHashed && !readKey && !readPin && !readHeader && !readCookie) return undefined;
  return (head, by) => {
    const key = isAddressHashed ? by.clientAddress : head && readKey?.(head);
    return {
      hash: key === undefined ? undefined : hashOf(key),
      pinned: head && readPin?.(head),
      demandsCanary:
        head !== undefined &&
        ((readHeader !== undefined && readHeader(head) === header?.value) ||
          (readCookie !== undefined && readCookie(head) === cookie?.value)),
      isSecure: by.lines.includes('X-Forwarded-Proto: https'),
    };
  };
}

type Reader = (head: RequestHead) => string | undefined;

function keyReader(key: HashKey): Reader {
  switch (key.from) {
    case 'header':
      return headerReader(key.name);
    case 'cookie':
      return cookieReader(key.name);
    case 'path':
      return ({ target }) => {
        const query = target.indexOf('?');
        return query < 0 ? target : target.slice(0, query);
      };
    case 'uri':
      return ({ target }) => target;
  }
}

/** The first field of that name. Those that the proxy writes anew are not among the lines that it passes on. */
function headerReader(name: string): Reader {
  switch (name.toLowerCase()) {
    case 'host':
      return ({ host }) => host?.toLowerCase();
    case 'x-forwarded-for':
      return ({ fields }) => fields.forwardedFor;
    case 'x-request-id':
      return ({ fields }) => fields.requestId;
    default: {
      const line = new RegExp(`^${literal(name)}:[ \\t]*([^\\r]*?)[ \\t]*\\r`, 'im');
      return ({ fields }) => line.exec(fields.kept)?.[1];
    }
  }
}

function cookieReader(name: string): Reader {
  // Names are compared exactly (RFC 6265 section 5.4); several fields are lists that go on.
  const pair = new RegExp(`(?:^|;)[ \\t]*${literal(name)}=("?)([^;"]*)\\1[ \\t]*(?:;|$)`);
  return ({ fields }) => {
    for (const [, value = ''] of fields.kept.matchAll(/^cookie:([^\r]*)/gim)) {
      const found = pair.exec(value);
      if (found !== null) return found[2]?.trimEnd();
    }
    return undefined;
  };
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
