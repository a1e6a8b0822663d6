import type { HeaderFields } from '../http/header-fields.ts';
import { withoutField } from '../routing/header-lines.ts';
import { plainAddress, type RangeSet } from './range-set.ts';

/** What is known of a connection's other side. */
export interface Peer {
  /** Of the socket, or what a trusted PROXY protocol header says. */
  readonly address: string;
  readonly isTls: boolean;
  /** Port of the listener. */
  readonly port: number;
}

/** Who asks, as far as those in between can be believed. */
export interface ClientFacts {
  readonly address: string;
  readonly scheme: 'http' | 'https';
  /** `X-Forwarded-Proto` and `X-Forwarded-Port` lines for the replica. */
  readonly forwardedLines: string;
}

/** Only a proxy says these; from anybody else they are a client's invention. */
const proxyFields = [
  'forwarded',
  'x-real-ip',
  'x-forwarded-prefix',
  'x-forwarded-server',
  'x-client-ip',
  'true-client-ip',
];

/**
 * Reads who the client is, and takes out of the fields what an untrusted peer says of it. With trusted proxies the client is the
 * right-most address of `X-Forwarded-For` that is none of them.
 */
export function clientFacts(fields: HeaderFields, peer: Peer, trusted: RangeSet | undefined): ClientFacts {
  const own = { address: peer.address, scheme: peer.isTls ? 'https' : 'http' } as const;
  if (trusted === undefined) return { ...own, forwardedLines: linesOf(own.scheme, String(peer.port)) };
  if (!trusted.has(peer.address)) {
    fields.forwardedFor = undefined;
    for (const name of proxyFields) fields.kept = withoutField(fields.kept, name);
    return { ...own, forwardedLines: linesOf(own.scheme, String(peer.port)) };
  }
  const said = fields.forwardedProto?.split(',')[0]?.trim().toLowerCase();
  const scheme = said === 'https' || said === 'http' ? said : own.scheme;
  const port = /^\d{1,5}$/.exec(fields.forwardedPort ?? '')?.[0] ?? String(peer.port);
  return {
    address: rightmostUntrusted(fields.forwardedFor, trusted) ?? peer.address,
    scheme,
    forwardedLines: linesOf(scheme, port),
  };
}

function linesOf(scheme: string, port: string): string {
  return `X-Forwarded-Proto: ${scheme}\r\nX-Forwarded-Port: ${port}\r\n`;
}

/** Undefined when all of them are trusted, or what stands there is no address. */
function rightmostUntrusted(chain: string | undefined, trusted: RangeSet): string | undefined {
  const addresses = chain === undefined ? [] : chain.split(',').reverse();
  for (const text of addresses) {
    const address = plainAddress(
      text
        .trim()
        .replace(/^\[(.*)\](?::\d+)?$/, '$1')
        .replace(/^([\d.]+):\d+$/, '$1'),
    );
    if (!/^[\da-f.:]+$/i.test(address)) return undefined;
    if (!trusted.has(address)) return address;
  }
  return undefined;
}

/** The key under which an address is counted: an IPv6 client has a whole /64 to choose from. */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  if (tail !== undefined) while (groups.length + after.length < 8) groups.push('0');
  return `${[...groups, ...after].slice(0, 4).join(':')}::/64`;
}
