import type { AccessLogPolicy, TracingPolicy } from './visibility.ts';

/** A text that must stand in an answer, or a regular expression (JavaScript syntax, no flags) that must match it. */
export type ExpectedText =
  | { readonly kind: 'contains'; readonly text: string }
  | { readonly kind: 'matches'; readonly pattern: string };

/** Active health checks that the balancer makes on its own. */
export interface ActiveHealthPolicy {
  /** Request path for HTTP; undefined means a TCP connect is the check. */
  readonly path: string | undefined;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Passes in a row that bring an endpoint back. */
  readonly rise: number;
  /** Failures in a row that take an endpoint out. */
  readonly fall: number;
  /** With a path; undefined: GET. */
  readonly method?: string;
  /** `Host` of the request; undefined: the endpoint's own address. */
  readonly host?: string;
  /** Statuses that pass, as ranges with both ends; undefined: 200 to 399. */
  readonly statuses?: readonly (readonly [from: number, to: number])[];
  /** What the first 64 KiB of the answer must hold: of the body with a path, else of what comes over the connection. */
  readonly expected?: ExpectedText;
  /** Without a path: bytes sent once connected, such as a query for a role. */
  readonly send?: string;
  /** Only endpoints that pass are asked: none before its first check, and none at all when none passes (fail closed). */
  readonly mustPass?: true;
}

export type BalancingAlgorithm =
  'least_conn' | 'round_robin' | 'ip_hash' | 'hash' | 'random_two' | 'least_time';

/** What of a request is hashed under `hash`; a request without it goes to the least loaded endpoint. */
export type HashKey =
  | { readonly from: 'header' | 'cookie'; readonly name: string }
  /** `path`: without the query; `uri`: with it. */
  | { readonly from: 'path' | 'uri' };

/** Sends a client back to the endpoint that served it, by a signed cookie. */
export interface StickyPolicy {
  readonly cookie: string;
  /** Undefined: for the browser's session. */
  readonly maxAgeMs?: number;
  readonly sameSite: 'Lax' | 'Strict' | 'None';
}

/** Where requests wait while every endpoint has its `maxConnections`. */
export interface QueuePolicy {
  /** Requests of the whole pool. */
  readonly size: number;
  readonly timeoutMs: number;
}

/** Ejects an endpoint whose answers take much longer than the others'. */
export interface LatencyOutlierPolicy {
  /** How many times the median of the pool's endpoints. */
  readonly factor: number;
  /** Answers of an endpoint within `windowMs`, below which it is not judged. */
  readonly minRequests: number;
  readonly windowMs: number;
}

/** Refuses the requests of a pool for a while when too many of them fail. */
export interface CircuitBreakerPolicy {
  /** Share of failed attempts and 5xx responses that opens it, from 0 to 1. */
  readonly errorShare: number;
  /** Attempts within `windowMs`, below which it does not open. */
  readonly minRequests: number;
  readonly windowMs: number;
  /** How long it stays open before probes are let through. */
  readonly openMs: number;
  /** Probes in a row that must succeed to close it. */
  readonly probes: number;
}

/** Of the optional parts, one that is undefined is off. */
export interface BalancingPolicy {
  readonly algorithm: BalancingAlgorithm;
  /** With the algorithm `hash` only. */
  readonly hashKey?: HashKey;
  readonly sticky?: StickyPolicy;
  /** Requests, or TCP connections, that one endpoint carries at a time, over all workers. */
  readonly maxConnections?: number;
  /** With `maxConnections` only; undefined: a request that finds no room is refused at once. */
  readonly queue?: QueuePolicy;
  /** Failed attempts within `failTimeoutMs` that eject an endpoint (nginx `max_fails`); 0 turns it off. */
  readonly maxFails: number;
  /** Window of counting, and the length of the ejection (nginx `fail_timeout`). */
  readonly failTimeoutMs: number;
  /** Responses of 5xx in a row that eject an endpoint for `failTimeoutMs` (Envoy `consecutive_5xx`). */
  readonly max5xx?: number;
  readonly latencyOutlier?: LatencyOutlierPolicy;
  /** Share of healthy endpoints below which all are asked alike, from 0 to 1 (Envoy's panic threshold). */
  readonly panicShare?: number;
  readonly circuitBreaker?: CircuitBreakerPolicy;
  /** Ramp of a new endpoint's share up to its full weight; 0 turns it off. */
  readonly slowStartMs: number;
  /** How long requests in flight may run on after an endpoint left rotation. */
  readonly drainTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Longest silence of a replica before the first byte of its response, and between two bytes. */
  readonly responseTimeoutMs: number;
  /** Attempts on other replicas after the first failed, when that is safe. */
  readonly retries: number;
  /** Adds `X-Served-By`, `X-Upstream-Server` and `X-Request-ID` to responses. */
  readonly responseHeaders: boolean;
  readonly activeHealth: ActiveHealthPolicy;
  /** Each connection to a replica begins with a PROXY protocol header; it then serves one client only. */
  readonly sendProxyProtocol?: 'v1' | 'v2';
  readonly accessLog?: AccessLogPolicy;
  readonly tracing?: TracingPolicy;
}
