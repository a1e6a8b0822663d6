import { removedFromNamedResponses, removedFromResponses } from '../http/known-fields.ts';
import type { RequestHead } from '../http/request-head.ts';
import type { ResponseHead } from '../http/response-head.ts';
import { eventTime } from '../socket/event-time.ts';
import { countBegin, countEnd, countFailure } from '../visibility/request-counts.ts';
import type { EndpointState, InFlight } from '../worker/endpoint-state.ts';
import type { FailureKind } from '../worker/failure-kind.ts';
import type { PoolState } from '../worker/pool-state.ts';
import type { ListenerState } from '../worker/routing-state.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { type ExchangeClient, writeJoined } from './exchange-client.ts';
import { failureAnswer } from './failure-reasons.ts';
import { OutgoingRequest } from './outgoing-request.ts';
import { type Destination, type Placeable, Placement } from './placement.ts';
import { type ForwardedBy, formatRequestHead, prefaceOf, requestIdFor } from './request-format.ts';
import { ResponseCourse } from './response-course.ts';
import { formatInterimHead, formatResponseHead, formatUpgradeHead } from './response-format.ts';
import { mayRetry } from './retry.ts';
import { beginTunnel } from './upgrade.ts';
import type { ResponseSink } from './upstream-connection.ts';

type Phase = 'idle' | 'placing' | 'connecting' | 'waiting' | 'responding';

/** One request and its response, over as many attempts as it takes. Serves its client connection again and again. */
export class Exchange implements ResponseSink, InFlight, Placeable {
  isHeadRequest = false;
  isUpgradeOffered = false;
  wantsPlainBody = false;
  removedFields = removedFromResponses;
  requestId = '';
  /** When a byte last moved; milliseconds since the epoch. */
  lastProgressAt = 0;
  isClientFull = false;
  /** Of the request under way. */
  policy: PoolState['policy'] | undefined;
  readonly #client: ExchangeClient;
  readonly #context: WorkerContext;
  readonly #request: OutgoingRequest;
  readonly #placement: Placement;
  #phase: Phase = 'idle';
  #listener: ListenerState | undefined;
  #pool: PoolState | undefined;
  #endpoint: EndpointState | undefined;
  readonly #course = new ResponseCourse();

  constructor(client: ExchangeClient, context: WorkerContext) {
    this.#client = client;
    this.#context = context;
    this.#request = new OutgoingRequest(client, this);
    this.#placement = new Placement(this, context);
  }

  get isActive(): boolean {
    return this.#phase !== 'idle';
  }

  get isResponding(): boolean {
    return this.#phase === 'responding';
  }

  get isConnecting(): boolean {
    return this.#phase === 'connecting';
  }

  get isUpstreamFull(): boolean {
    return this.#request.isBlocked;
  }

  /** `to`: where the route leads that took the request. */
  begin(head: RequestHead, listener: ListenerState, by: ForwardedBy, to?: Destination): void {
    const { pool, policy = pool.policy } = to ?? { pool: listener.pool };
    countBegin(listener.counts);
    countBegin(pool.counts);
    this.#listener = listener;
    this.#pool = pool;
    this.policy = policy;
    this.requestId = requestIdFor(head.fields.requestId);
    this.isHeadRequest = head.method === 'HEAD';
    this.isUpgradeOffered = head.upgrade !== undefined;
    this.#course.isHttp10 = head.isHttp10;
    this.wantsPlainBody = head.isHttp10;
    this.removedFields = pool.policy.responseHeaders ? removedFromNamedResponses : removedFromResponses;
    const trail = this.#placement.watch(pool.watch?.begin(head, by, this.requestId));
    const text = formatRequestHead(head, this.requestId, by, pool.service, trail?.traceparent);
    this.#request.begin(head.method, text, prefaceOf(policy, by));
    this.isClientFull = false;
    this.#phase = 'placing';
    this.#placement.begin(pool, listener, pool.readTraits?.(head, by));
  }

  requestBody(bytes: Buffer): void {
    if (!this.isActive) return;
    this.lastProgressAt = eventTime();
    this.#request.body(bytes, this.isResponding);
  }

  /** The client is gone: so is its request. */
  abort(): void {
    if (!this.isActive) return;
    this.#endpoint?.ejection.released();
    this.#request.close();
    this.#endAttempt(false);
    this.#close();
  }

  isStream(now: number): boolean {
    return this.isResponding && this.#course.isStream(now);
  }

  dismiss(): void {
    if (!this.#course.isEventStream) return this.cut('forced');
    this.#course.isDismissed = true;
    this.#endIfDismissed();
  }

  /** Ends the attempt: its time is up, or its endpoint's is. */
  cut(kind: FailureKind): void {
    this.#request.close();
    this.failed(kind);
  }

  clientDrained(): void {
    if (!this.isClientFull) return;
    this.isClientFull = false;
    this.lastProgressAt = eventTime();
    this.#request.socket?.resume();
  }

  connected(): void {
    if (this.#phase !== 'connecting') return;
    this.#phase = 'waiting';
    this.#placement.connected();
    this.lastProgressAt = eventTime();
    this.#request.send();
  }

  drained(): void {
    this.lastProgressAt = eventTime();
    this.#request.unblock();
  }

  interim(head: ResponseHead): void {
    this.lastProgressAt = eventTime();
    if (!this.#course.isHttp10) this.#client.writeText(formatInterimHead(head));
  }

  response(head: ResponseHead, bytes: Buffer, start: number, end: number, isComplete: boolean): void {
    const endpoint = this.#answered(head.status);
    if (endpoint === undefined) return;
    const client = this.#client;
    const course = this.#course;
    this.#phase = 'responding';
    this.#request.answered();
    course.begin(head, client, isComplete, this.lastProgressAt);
    const text = formatResponseHead(head, this.#placement.naming(endpoint, this.requestId), course);
    this.#wrote(writeJoined(client, text, head, bytes, start, end), end - start, isComplete);
  }

  body(bytes: Buffer, isComplete: boolean): void {
    if (this.#phase !== 'responding') return;
    this.lastProgressAt = eventTime();
    this.#wrote(bytes.length === 0 || this.#client.writeBytes(bytes), bytes.length, isComplete);
  }

  upgraded(head: ResponseHead, rest: Buffer): void {
    const endpoint = this.#answered(head.status);
    const upstream = this.#request.socket;
    const listener = this.#listener;
    const pool = this.#pool;
    if (endpoint === undefined || upstream === undefined || listener === undefined || pool === undefined)
      return;
    this.#client.writeText(formatUpgradeHead(head, this.#placement.naming(endpoint, this.requestId)));
    const sides = { upstream, endpoint, listener, pool };
    const tunnel = beginTunnel(this.#client, sides, head, rest, this.#context);
    tunnel.replace(this);
    this.#placement.upgraded();
    this.#forget();
  }

  failed(kind: FailureKind): void {
    const endpoint = this.#endpoint;
    const policy = this.policy;
    if (endpoint === undefined || policy === undefined) return;
    const isAnswered = this.isResponding;
    const request = this.#request;
    if (kind === 'broken-response' && !isAnswered && request.isMerelyStale) return this.#reconnect(endpoint);
    this.#placement.failed(endpoint, kind);
    this.#endAttempt(kind === 'forced');
    if (mayRetry(request.attempt(kind, isAnswered, this.#placement.failures, policy.retries)))
      this.#seekAgain(kind);
    else this.#fail(kind, isAnswered);
  }

  #seekAgain(lastFailure: FailureKind): void {
    this.#phase = 'placing';
    this.#request.isSent = false;
    this.#placement.seek(lastFailure);
  }

  placed(endpoint: EndpointState, now: number): void {
    this.lastProgressAt = now;
    this.#endpoint = endpoint;
    endpoint.begin(this);
    this.#phase = 'connecting';
    this.#request.open(endpoint, now);
  }

  unplaced(kind: FailureKind): void {
    this.#fail(kind, false);
  }

  /** Ends a wait for an endpoint that took too long. True: it was waiting, and nothing else is to be looked after. */
  expireWait(now: number): boolean {
    return this.#placement.expire(now);
  }

  /** A replica that drains gets nothing new, not even this. */
  #reconnect(endpoint: EndpointState): void {
    if (endpoint.isDraining) {
      this.#endAttempt(false);
      this.#seekAgain('broken-response');
    } else {
      this.#phase = 'connecting';
      this.lastProgressAt = eventTime();
      this.#request.openAnew(endpoint);
    }
  }

  #answered(status: number): EndpointState | undefined {
    const endpoint = this.#endpoint;
    this.lastProgressAt = eventTime();
    if (endpoint === undefined) return undefined;
    endpoint.answers.began(status);
    this.#placement.answered(endpoint, status);
    return endpoint;
  }

  #wrote(canTakeMore: boolean, bytes: number, isComplete: boolean): void {
    this.#placement.passed(bytes);
    if (isComplete) {
      this.#placement.completed(this.#endpoint);
      this.#request.release(this.#client.isRequestComplete);
      return this.#endResponse(false);
    }
    if (!canTakeMore) {
      this.isClientFull = true;
      this.#request.socket?.pause();
    }
    this.#endIfDismissed();
  }

  #endIfDismissed(): void {
    const { isDismissed, isDelimited } = this.#course;
    if (!isDismissed || !this.#request.isBetweenChunks) return;
    if (isDelimited) this.#client.writeText('0\r\n\r\n');
    this.#placement.gaveUp('forced', undefined);
    this.#request.close();
    this.#endResponse(true);
  }

  #endResponse(isForced: boolean): void {
    this.#endAttempt(isForced);
    this.#close();
    this.#client.finished(this.#course.keepsAlive);
  }

  #fail(kind: FailureKind, isAnswered: boolean): void {
    const pool = this.#pool;
    if (this.#listener === undefined || pool === undefined) return;
    countFailure(this.#listener.counts, kind);
    countFailure(pool.counts, kind);
    const answer = failureAnswer(kind, pool, eventTime());
    this.#placement.gaveUp(kind, isAnswered ? undefined : answer.status);
    this.#close();
    if (isAnswered) this.#client.breakOff(this.#course.isDelimited);
    else this.#client.answer(answer);
  }

  #endAttempt(isForced: boolean): void {
    if (this.#endpoint?.end(this, isForced) === true) this.#context.reportNow();
    this.#endpoint = undefined;
  }

  #close(): void {
    if (this.#listener !== undefined) countEnd(this.#listener.counts);
    if (this.#pool !== undefined) countEnd(this.#pool.counts);
    this.#forget();
  }

  #forget(): void {
    this.#phase = 'idle';
    this.#placement.end();
    this.#listener = undefined;
    this.#pool = undefined;
    this.policy = undefined;
    this.#endpoint = undefined;
    this.#request.forget();
  }
}
