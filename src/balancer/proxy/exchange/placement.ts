import { eventTime, steadyTime } from '../socket/event-time.ts';
import { countWaitBegin, countWaitEnd } from '../visibility/request-counts.ts';
import type { RequestTrail, TrailFailure } from '../visibility/request-trail.ts';
import type { EndpointState } from '../worker/endpoint-state.ts';
import type { FailureKind } from '../worker/failure-kind.ts';
import type { PoolState } from '../worker/pool-state.ts';
import type { RequestTraits } from '../worker/request-traits.ts';
import type { ListenerState } from '../worker/routing-state.ts';
import { selectEndpoint } from '../worker/selection/select-endpoint.ts';
import type { Waiter } from '../worker/waiting-room.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { namingOf, type ResponseNaming } from './response-format.ts';

/** A request, or a TCP connection, that needs an endpoint. */
export interface Placeable {
  /** Goes to the endpoint, at once or after a wait. */
  placed(endpoint: EndpointState, now: number): void;
  /** There is none for it, or none in time. */
  unplaced(kind: FailureKind): void;
}

/** A pool, and what holds there for the request instead of its own policy. */
export interface Destination {
  readonly pool: PoolState;
  readonly policy?: PoolState['policy'];
}

/** Finds endpoints for a request, attempt after attempt, and waits for them where it must. Serves request after request. */
export class Placement implements Waiter {
  readonly #request: Placeable;
  readonly #context: WorkerContext;
  #pool: PoolState | undefined;
  #listener: ListenerState | undefined;
  #traits: RequestTraits | undefined;
  /** Undefined: nothing of the request is written down. */
  #trail: RequestTrail | undefined;
  /** When the request's head was there, on the steady clock. */
  #beganAt = 0;
  #tried: EndpointState[] = [];
  /** When the present attempt began, on the steady clock. */
  #askedAt = 0;
  /** What the request fails of when its wait is over; undefined while it does not wait. */
  #waitsFor: FailureKind | undefined;
  #waitBeganAt = 0;
  #waitEndsAt = 0;

  constructor(request: Placeable, context: WorkerContext) {
    this.#request = request;
    this.#context = context;
  }

  get isWaiting(): boolean {
    return this.#waitsFor !== undefined;
  }

  /** It has failed on some endpoints already. */
  get isRetry(): boolean {
    return this.#tried.length > 0;
  }

  /** Attempts that failed. */
  get failures(): number {
    return this.#tried.length;
  }

  /** What its response says of who answered. */
  naming(endpoint: EndpointState, requestId: string): ResponseNaming {
    return namingOf(this.#pool, endpoint, requestId, this.#traits);
  }

  /** A new request has come; gives its trail back. */
  watch(trail: RequestTrail | undefined): RequestTrail | undefined {
    this.#beganAt = steadyTime();
    this.#trail = trail;
    return trail;
  }

  /** Its first endpoint is found, or it is told that there is none. */
  begin(pool: PoolState, listener: ListenerState, traits: RequestTraits | undefined): void {
    this.#pool = pool;
    this.#listener = listener;
    this.#traits = traits;
    if (this.#tried.length > 0) this.#tried = [];
    if (pool.scrutiny?.circuit?.admits(eventTime()) === false) this.#request.unplaced('circuit-open');
    else this.seek(undefined);
  }

  /** Finds the next endpoint; `lastFailure` is what the request fails of when there is no other. */
  seek(lastFailure: FailureKind | undefined): void {
    const pool = this.#pool;
    if (pool === undefined) return;
    const now = eventTime();
    // Those who wait came first.
    const mustWait = pool.waitingRoom !== undefined && pool.waitingRoom.size > 0;
    const endpoint = mustWait ? undefined : selectEndpoint(pool, now, this.#tried, this.#traits);
    if (endpoint !== undefined) return this.#place(endpoint, now);
    const refusal = this.#beginWait(pool, now);
    if (refusal === undefined) return;
    this.#request.unplaced(refusal === 'no-endpoint' ? (lastFailure ?? refusal) : refusal);
  }

  tryNow(): boolean {
    const now = eventTime();
    const endpoint = this.#pool && selectEndpoint(this.#pool, now, this.#tried, this.#traits);
    if (endpoint === undefined) return false;
    this.#endWait(now);
    this.#place(endpoint, now);
    return true;
  }

  /** Ends a wait that took too long. True: the request was waiting, and there is nothing else to look after. */
  expire(now: number): boolean {
    const kind = this.#waitsFor;
    if (kind === undefined) return false;
    if (now >= this.#waitEndsAt) this.#request.unplaced(kind);
    return true;
  }

  /** A connection to the endpoint was made for it. */
  connected(): void {
    this.#trail?.connected();
  }

  /** So much of the response's body went on to the client. */
  passed(bytes: number): void {
    if (this.#trail !== undefined) this.#trail.bytes += bytes;
  }

  /** The response is complete. */
  completed(endpoint: EndpointState | undefined): void {
    if (endpoint === undefined) return;
    endpoint.totals.completed++;
    endpoint.answers.ended(steadyTime() - this.#beganAt);
    this.#leaveTrail();
  }

  /** The connection is something else from now on. */
  upgraded(): void {
    this.#leaveTrail();
  }

  /** The client gets this status; undefined: its response broke off. */
  gaveUp(kind: FailureKind, status: number | undefined): void {
    this.#leaveTrail(kind, status);
  }

  /** The endpoint has begun to answer, with that status. */
  answered(endpoint: EndpointState, status: number): void {
    const now = eventTime();
    this.#trail?.answered(status);
    const scrutiny = this.#pool?.scrutiny;
    const hasChanged =
      scrutiny === undefined
        ? endpoint.ejection.succeeded(now)
        : scrutiny.answered(endpoint, status, steadyTime() - this.#askedAt, now);
    if (hasChanged) this.#context.ejectionChanged(endpoint);
    for (const tried of this.#tried) {
      tried.totals.retried++;
      tried.hasChanged = true;
    }
  }

  /** The attempt failed; none of those that the balancer itself ended is the endpoint's fault. */
  failed(endpoint: EndpointState, kind: FailureKind): void {
    const pool = this.#pool;
    this.#tried.push(endpoint);
    if (kind === 'forced' || pool === undefined) return;
    const now = eventTime();
    endpoint.totals.failed++;
    pool.scrutiny?.failed(now);
    if (endpoint.ejection.failed(now, pool.policy)) this.#context.ejectionChanged(endpoint);
  }

  /** The request is over, however. */
  end(): void {
    if (this.#waitsFor !== undefined) this.#endWait(eventTime());
    if (this.#trail !== undefined) this.#leaveTrail('client-gone');
    this.#pool = undefined;
    this.#listener = undefined;
    this.#traits = undefined;
  }

  #place(endpoint: EndpointState, now: number): void {
    this.#askedAt = steadyTime();
    this.#trail?.placed(endpoint);
    this.#request.placed(endpoint, now);
  }

  #leaveTrail(failure?: TrailFailure, status?: number): void {
    this.#trail?.ended(failure, status);
    this.#trail = undefined;
  }

  /** Undefined: it waits; else why it may not. */
  #beginWait(pool: PoolState, now: number): FailureKind | undefined {
    const { waitingRoom } = pool;
    if (waitingRoom === undefined) return 'no-endpoint';
    const { queue } = pool.policy;
    if (pool.isFull(this.#tried) || (queue !== undefined && waitingRoom.size > 0)) {
      pool.wantRoom();
      if (queue === undefined || waitingRoom.size >= pool.queueSize) return 'overload';
      this.#wait('overload', now, queue.timeoutMs);
    } else {
      if (pool.holdMs <= 0 || this.isRetry) return 'no-endpoint';
      // Whoever starts replicas on demand looks at this.
      if (pool.counts.waiting === 0) this.#context.reportNow();
      this.#wait('no-endpoint', now, pool.holdMs);
    }
    waitingRoom.enter(this);
    return undefined;
  }

  #wait(kind: FailureKind, now: number, timeoutMs: number): void {
    this.#waitsFor = kind;
    this.#waitBeganAt = now;
    this.#waitEndsAt = now + timeoutMs;
    if (this.#listener === undefined || this.#pool === undefined) return;
    countWaitBegin(this.#listener.counts);
    countWaitBegin(this.#pool.counts);
  }

  #endWait(now: number): void {
    this.#waitsFor = undefined;
    if (this.#listener === undefined || this.#pool === undefined) return;
    this.#pool.waitingRoom?.leave(this);
    const waitedMs = Math.max(0, now - this.#waitBeganAt);
    countWaitEnd(this.#listener.counts, waitedMs);
    countWaitEnd(this.#pool.counts, waitedMs);
  }
}
