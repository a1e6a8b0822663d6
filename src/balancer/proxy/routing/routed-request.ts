import type { RequestHead } from '../http/request-head.ts';
import { fieldValue } from './header-lines.ts';

/** A request as routes and rules look at it. */
export interface RoutedRequest {
  readonly method: string;
  /** Lower case, without port; empty where there is none. */
  readonly host: string;
  /** As the client wrote it, without the query, with repeated slashes taken for one. */
  readonly path: string;
  /** Without its question mark. */
  readonly query: string;
  /** IPv4, or IPv6 in its short form. */
  readonly clientAddress: string;
  /** All values of the field, joined by commas; undefined when it is not there. Name in lower case. */
  field(name: string): string | undefined;
}

/**
 * A dot segment in any spelling, a backslash or a NUL: clients resolve dots before they send, and servers disagree about what
 * is left. What a rule cannot judge in one way only is refused.
 */
const ambiguousPath = /(?:^|\/|\\|%2f|%5c)(?:\.|%2e){1,2}(?:$|\/|\\|;|%2f|%5c|%3b)|%00|\\/i;

/** Undefined: the path could be read in two ways. */
export function routedRequest(head: RequestHead, clientAddress: string): RoutedRequest | undefined {
  const { target, host = '' } = head;
  const queryAt = target.indexOf('?');
  const rawPath = queryAt < 0 ? target : target.slice(0, queryAt);
  if (ambiguousPath.test(rawPath)) return undefined;
  return {
    method: head.method,
    host: hostName(host),
    path: rawPath.includes('//') ? rawPath.replace(/\/{2,}/g, '/') : rawPath,
    query: queryAt < 0 ? '' : target.slice(queryAt + 1),
    clientAddress,
    field: (name) => requestField(head, name),
  };
}

/** The authority without its port, and without the dot that may end it. */
export function hostName(authority: string): string {
  const lower = authority.toLowerCase();
  const port = lower.lastIndexOf(':');
  const name = port > lower.lastIndexOf(']') ? lower.slice(0, port) : lower;
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

function requestField({ fields, host, upgrade }: RequestHead, name: string): string | undefined {
  switch (name) {
    case 'host':
      return host;
    case 'upgrade':
      return upgrade;
    case 'connection':
      return fields.connection;
    case 'x-forwarded-for':
      return fields.forwardedFor;
    case 'x-request-id':
      return fields.requestId;
    default:
      return fieldValue(fields.kept, name);
  }
}
