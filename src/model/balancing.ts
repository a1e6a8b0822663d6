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
}

export interface BalancingPolicy {
  readonly algorithm: 'least_conn' | 'round_robin';
  /** Failed attempts within `failTimeoutMs` that eject an endpoint (nginx `max_fails`); 0 turns it off. */
  readonly maxFails: number;
  /** Window of counting, and the length of the ejection (nginx `fail_timeout`). */
  readonly failTimeoutMs: number;
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
}
