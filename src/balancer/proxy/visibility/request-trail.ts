import type { EndpointState } from '../worker/endpoint-state.ts';
import type { FailureKind } from '../worker/failure-kind.ts';
import { eventTime, steadyTime } from '../socket/event-time.ts';
import { formatTraceparent, type TraceParent } from './trace-context.ts';

/** Why there was no good answer; `client-gone`: the client left before it was complete. */
export type TrailFailure = FailureKind | 'client-gone';

/** What is known of a request before an endpoint is chosen. */
export interface RequestFacts {
  readonly stack: string;
  readonly service: string;
  readonly method: string;
  /** Without the query, which may hold secrets. */
  readonly path: string;
  readonly client: string;
  readonly requestId: string;
  readonly userAgent: string | undefined;
  /** Our own span: what the replica is told. */
  readonly trace: TraceParent;
  /** The span of who sent the request, where it named one. */
  readonly parentSpanId: string | undefined;
  readonly isLogged: boolean;
  readonly isTraced: boolean;
}

/** One request that is written down: what came of it, and when. Times are on the steady clock, milliseconds. */
export class RequestTrail {
  readonly facts: RequestFacts;
  /** Milliseconds since the epoch. */
  readonly beganAt = eventTime();
  readonly #beganAt = steadyTime();
  readonly #onEnd: (trail: RequestTrail) => void;
  #placedAt: number | undefined;
  #connectedAt: number | undefined;
  #answeredAt: number | undefined;
  #endedAt = 0;
  instance: string | undefined;
  revision: string | undefined;
  /** Attempts that failed before the last one. */
  retries = 0;
  /** 0: the client was given no answer. */
  status = 0;
  /** Of the response's body, as far as it was passed on. */
  bytes = 0;
  failure: TrailFailure | undefined;

  constructor(facts: RequestFacts, onEnd: (trail: RequestTrail) => void) {
    this.facts = facts;
    this.#onEnd = onEnd;
  }

  get traceparent(): string {
    return formatTraceparent(this.facts.trace);
  }

  /** Time until the end. */
  get durationMs(): number {
    return this.#endedAt - this.#beganAt;
  }

  /** Time until an endpoint was found, the last one where there were several; undefined: none was. */
  get queueMs(): number | undefined {
    return sinceOf(this.#placedAt, this.#beganAt);
  }

  /** Time until the connection to it could be used. */
  get connectMs(): number | undefined {
    return sinceOf(this.#connectedAt, this.#placedAt);
  }

  /** Time from then until it began to answer. */
  get firstByteMs(): number | undefined {
    return sinceOf(this.#answeredAt, this.#connectedAt);
  }

  placed({ instance, revision }: EndpointState): void {
    if (this.#placedAt !== undefined) this.retries++;
    this.#placedAt = steadyTime();
    this.#connectedAt = undefined;
    this.instance = instance;
    this.revision = revision;
  }

  connected(): void {
    this.#connectedAt = steadyTime();
  }

  answered(status: number): void {
    this.#answeredAt = steadyTime();
    // A connection that was kept is there at once, and nobody tells.
    this.#connectedAt ??= this.#placedAt;
    this.status = status;
  }

  ended(failure?: TrailFailure, status?: number): void {
    this.#endedAt = steadyTime();
    this.failure = failure;
    if (status !== undefined) this.status = status;
    this.#onEnd(this);
  }
}

function sinceOf(time: number | undefined, earlier: number | undefined): number | undefined {
  return time === undefined || earlier === undefined ? undefined : Math.max(0, time - earlier);
}
