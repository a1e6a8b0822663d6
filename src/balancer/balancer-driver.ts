import type { BalancingPolicy } from '../model/balancing.ts';
import type { EdgePolicy } from '../model/edge.ts';
import type { Route } from '../model/routing.ts';
import type { NetworkAlias } from '../model/service.ts';

/** Everything that the balancer shall carry, over all stacks. Replaces the table before it as a whole. */
export interface RoutingTable {
  readonly listeners: readonly ListenerEntry[];
  readonly pools: readonly PoolEntry[];
}

export interface ListenerEntry {
  /** `stack/web:8080->80`; unique in the table. */
  readonly id: string;
  /** The empty string: all addresses, IPv4 and IPv6. */
  readonly hostIp: string;
  readonly port: number;
  readonly protocol: 'http' | 'tcp';
  /** Id of the pool that answers. */
  readonly pool: string;
  /** Which part of the balancer carries it: `proxy` (also when undefined), `haproxy` or `ambassador`. */
  readonly carrier?: string;
  /** With the carrier `ambassador` only: where its ambassador stands, and under which names. */
  readonly networks?: readonly NetworkAlias[];
  /**
   * HTTP only, in order of precedence: the first that matches takes the request; one that none matches goes to `pool`.
   * Undefined: all requests go there.
   */
  readonly routes?: readonly RouteEntry[];
  /** What it demands of clients; undefined: nothing beyond HTTP itself. */
  readonly edge?: EdgePolicy;
}

/** A route that forwards to a pool of the table. */
export type RouteEntry = Route<{ readonly pool: string }>;

/** The endpoints of one service on one target port. */
export interface PoolEntry {
  /** `stack/web:80`; unique in the table. */
  readonly id: string;
  readonly stack: string;
  readonly service: string;
  readonly policy: BalancingPolicy;
  readonly endpoints: readonly EndpointEntry[];
  /** Why an empty pool is empty, for the 503 (`no replica of web is healthy yet`). */
  readonly emptyReason: string;
  /** Which revision gets which part of the new requests; undefined: all endpoints alike. */
  readonly split?: TrafficSplit;
  /** While no endpoint can be asked, requests wait so long for one before the 503; undefined or 0: not at all. */
  readonly holdMs?: number;
}

/** A canary's part of a pool. An endpoint of any other revision belongs to the rest. */
export interface TrafficSplit {
  readonly revision: string;
  /** From 0 to 1. A part whose endpoints cannot be asked leaves its requests to the other one. */
  readonly share: number;
  /** A request that carries this header, or cookie, of this value goes to the revision, whatever the share. */
  readonly header?: { readonly name: string; readonly value: string };
  readonly cookie?: { readonly name: string; readonly value: string };
}

export interface EndpointEntry {
  /** Unique over time: replica id, start time and target; a replica that started anew is a new endpoint. */
  readonly id: string;
  readonly instance: string;
  readonly revision: string;
  readonly host: string;
  readonly port: number;
  /**
   * `active`: takes new requests. `draining`: takes none; what is in flight may finish until the pool's
   * `drainTimeoutMs` after the balancer first saw this state, then it is cut and counted as forced. Streams may be closed
   * one by one over the last part of that time.
   */
  readonly rotation: 'active' | 'draining';
  /** False: its health check failed; used only when no other endpoint of the pool is healthy (fail open). */
  readonly isHealthy: boolean;
  /** Its part of the requests beside the others', above 0; undefined: 1. */
  readonly weight?: number;
  /** Asked only while no other endpoint of the pool can be (nginx `backup`). */
  readonly isBackup?: boolean;
}

/** Counters since the endpoint was first seen; they only grow. */
export interface TrafficTotals {
  /** Requests (or TCP connections) sent to the endpoint. */
  readonly requests: number;
  /** Responses that ended well from the client's view: any complete response of the replica. */
  readonly completed: number;
  /** Attempts that the endpoint failed: refused, reset, timed out, broke off. */
  readonly failed: number;
  /** Failed attempts that another replica then served. */
  readonly retried: number;
  /** In flight when draining began, and finished in time. */
  readonly drained: number;
  /** In flight when draining began, and ended by the balancer, at the deadline or shortly before it. */
  readonly forced: number;
  /** Of those forced: upgraded and TCP connections, event streams, responses that had lasted long. Undefined: not told apart. */
  readonly forcedStreams?: number;
}

export interface EndpointObservation {
  readonly id: string;
  readonly pool: string;
  /** `drained`: out of rotation with nothing in flight; safe to stop. */
  readonly state: 'active' | 'draining' | 'drained';
  /**
   * What active and passive checks say; `ejected` comes back by itself. `unchecked`: where only endpoints that pass are asked,
   * it has not been checked yet.
   */
  readonly condition: 'up' | 'down' | 'ejected' | 'unchecked';
  /** Why it is not up. */
  readonly reason: string | undefined;
  readonly inFlight: number;
  readonly totals: TrafficTotals;
  /** Responses of the replica by class of status, from 1xx to 5xx; an attempt without a response is in none. */
  readonly responses: readonly [number, number, number, number, number];
  /**
   * Of complete responses: from when the request's head was there to the end of the response, attempts before it
   * included. Not of upgraded connections.
   */
  readonly latency: LatencyHistogram;
}

/**
 * Durations in buckets that grow by the factor 2^(1/8): bucket i counts those in (2^((i-1)/8), 2^(i/8)] milliseconds, so
 * a percentile is known within 5 % at any scale. Counts only grow. Source: Prometheus native histograms, schema 3.
 */
export interface LatencyHistogram {
  readonly count: number;
  readonly sumMs: number;
  /** By bucket; empty ones are left out. */
  readonly buckets: Readonly<Record<number, number>>;
}

/** What is counted of requests, at a listener as at a pool. */
export interface RequestFigures {
  /** Requests that clients sent. */
  readonly requests: number;
  /** Requests that wait for an endpoint now: held, or queued at `max_connections`. */
  readonly waiting: number;
  /** Time that requests spent waiting so, those included that then failed; milliseconds. Only grows. */
  readonly waitedMs: number;
  /** Requests that got no good answer: 502, 503, 504 of the balancer itself, or a response that broke off. */
  readonly failed: number;
  /** Failures by kind: `no-endpoint`, `connect`, `timeout`, `broken-response`, … */
  readonly failures: Readonly<Record<string, number>>;
}

/** All requests that came in on it, those included that its edge refused or that a route answered by itself. */
export interface ListenerObservation extends RequestFigures {
  readonly id: string;
  readonly isOpen: boolean;
}

/** The requests that were for the pool, over whichever listeners and routes they came. */
export interface PoolObservation extends RequestFigures {
  readonly id: string;
  /** Who counted them; a pool that several carriers have is there once for each, and each counts by itself. */
  readonly carrier?: string;
}

/** What a balancer counts beside its endpoints and listeners. All but the connections that are open only grow. */
export interface BalancerFigures {
  /** Connections of clients. */
  readonly accepted: number;
  readonly reading: number;
  readonly writing: number;
  /** Idle between two requests. */
  readonly waiting: number;
  /** Lines of access logs. */
  readonly logged: number;
  /** The disk was too slow, or took nothing. */
  readonly logDropped: number;
  /** Spans of requests that a collector took. */
  readonly spansSent: number;
  /** The collector was too slow, or took nothing. */
  readonly spansDropped: number;
}

export interface BalancerObservation {
  readonly endpoints: readonly EndpointObservation[];
  readonly pools: readonly PoolObservation[];
  readonly listeners: readonly ListenerObservation[];
  /** Undefined: it has none to tell. */
  readonly figures?: BalancerFigures;
}

/** Carries traffic from listeners to endpoints. Holds no policy about which replicas exist. */
export interface BalancerDriver extends AsyncDisposable {
  readonly name: string;

  /**
   * Makes the table the one in force. When it resolves, every part of the balancer has acknowledged it: no
   * endpoint that is draining or absent gets a new request any more. Endpoints, pools and listeners that stay keep
   * their connections and counters. An endpoint that is gone from the table is cut at once, so drain it first.
   * Idempotent. Throws `port-taken` (which port, who holds it) when a new listener cannot be opened; then
   * nothing at all has changed.
   */
  apply(table: RoutingTable, signal: AbortSignal): Promise<void>;

  /** The table in force, whoever applied it: a balancer may outlive the daemon. Undefined before the first. */
  table(signal: AbortSignal): Promise<RoutingTable | undefined>;

  /** Counters and states of all that is in the table. */
  observe(signal: AbortSignal): Promise<BalancerObservation>;

  /** Calls `onChange` soon after a state or condition changed, or the balancer was lost or came back. */
  watch(onChange: () => void, signal: AbortSignal): void;
}
