import type { EdgePolicy, RateLimit, AccessRule, BasicAuth } from './edge.ts';

/**
 * What a request must be for a route to take it. Hosts are lower case and without a port; paths are compared as the client
 * wrote them, percent-encoded, with repeated slashes taken for one.
 */
export type Match =
  /** Of none: every request. */
  | { readonly kind: 'all'; readonly of: readonly Match[] }
  | { readonly kind: 'any'; readonly of: readonly Match[] }
  | { readonly kind: 'not'; readonly of: Match }
  /** `app.example.com`; `*.example.com`: any name below it, of one label or more. */
  | { readonly kind: 'host'; readonly host: string }
  | { readonly kind: 'host-regex'; readonly pattern: string }
  | { readonly kind: 'path'; readonly path: string }
  /** Compared byte for byte: `/api` also matches `/apis`. */
  | { readonly kind: 'path-prefix'; readonly prefix: string }
  | { readonly kind: 'path-regex'; readonly pattern: string }
  | { readonly kind: 'method'; readonly methods: readonly string[] }
  /** Name in lower case; value undefined: the field is there, whatever it says. */
  | { readonly kind: 'header'; readonly name: string; readonly value?: string }
  | { readonly kind: 'header-regex'; readonly name: string; readonly pattern: string }
  /** A parameter of the query, percent-decoded; value undefined: it is there, whatever it says. */
  | { readonly kind: 'query'; readonly name: string; readonly value?: string }
  /** The client's address is in one of the CIDR ranges. */
  | { readonly kind: 'client'; readonly ranges: readonly string[] };

/** Changes to a header section: removed first, then set (whatever was there before), then added. */
export interface HeaderEdit {
  readonly remove: readonly string[];
  readonly set: readonly HeaderField[];
  readonly add: readonly HeaderField[];
}

export interface HeaderField {
  readonly name: string;
  readonly value: string;
}

/** What is done with a request, or with a path of it, that a route took. `Target` says where requests are forwarded to. */
export type RouteAction<Target> =
  | { readonly kind: 'forward'; readonly to: Target }
  /**
   * To another place. `url` may hold `{scheme}`, `{host}` (without port), `{port}`, `{path}` (without the stripped prefix) and
   * `{query}` (with its question mark, or empty).
   */
  | { readonly kind: 'redirect'; readonly url: string; readonly status: 301 | 302 | 303 | 307 | 308 }
  /** 503 with `Retry-After` and a page, until somebody takes it away. */
  | { readonly kind: 'maintenance'; readonly page: Page; readonly retryAfterSeconds: number }
  | {
      readonly kind: 'respond';
      readonly status: number;
      readonly page: Page;
      readonly headers: readonly HeaderField[];
    };

export interface Page {
  readonly contentType: string;
  readonly body: string;
}

/** One entry in the order in which routes are tried: the first that matches takes the request. */
export interface Route<Target = ServiceTarget> {
  /** Unique among the routes of its listener; people see it: `web`, `api@labels`. */
  readonly id: string;
  readonly match: Match;
  readonly action: RouteAction<Target>;
  /** Taken off the front of the path before it is forwarded, with `X-Forwarded-Prefix` saying so; the first that fits. */
  readonly stripPrefixes: readonly string[];
  readonly requestHeaders: HeaderEdit | undefined;
  readonly responseHeaders: HeaderEdit | undefined;
  /** Each, where it is defined, instead of what the service's own policy says. */
  readonly connectTimeoutMs: number | undefined;
  readonly responseTimeoutMs: number | undefined;
  readonly retries: number | undefined;
  /** Largest request body, in bytes; a larger one is 413. Undefined: what the edge policy says. */
  readonly maxBodyBytes: number | undefined;
  /** Beside those of the edge policy. */
  readonly access: readonly AccessRule[];
  readonly basicAuth: BasicAuth | undefined;
  readonly rateLimit: RateLimit | undefined;
}

export interface ServiceTarget {
  readonly service: string;
  /** Port inside the replica. */
  readonly target: number;
}

/** An address of the balancer that belongs to no one service; its routes say who answers, and 404 where none does. */
export interface Entrypoint {
  readonly name: string;
  /** The empty string: all addresses, IPv4 and IPv6. */
  readonly hostIp: string;
  readonly port: number;
  readonly routes: readonly Route[];
  readonly edge: EdgePolicy | undefined;
}
