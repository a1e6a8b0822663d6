import type { Socket } from 'node:net';
import { emptyReasonOf } from '../http/local-response.ts';
import type { RequestHead } from '../http/request-head.ts';
import type { ResponseHead } from '../http/response-head.ts';
import { removedFromNamedResponses, removedFromResponses } from '../http/known-fields.ts';
import type { EndpointState, InFlight } from '../worker/endpoint-state.ts';
import type { FailureKind } from '../worker/failure-kind.ts';
import { countFailure, type ListenerState, type PoolState } from '../worker/routing-state.ts';
import { selectEndpoint } from '../worker/selection.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { ReplayBuffer } from './replay-buffer.ts';
import { type ForwardedBy, formatRequestHead, requestIdFor } from './request-format.ts';
import {
  formatInterimHead,
  formatResponseHead,
  formatUpgradeHead,
  type ResponseNaming,
} from './response-format.ts';
import { isIdempotent, mayRetry } from './retry.ts';
import { Tunnel } from './tunnel.ts';
import { type ResponseSink, UpstreamConnection } from './upstream-connection.ts';
import { takeIdle } from './upstream-pool.ts';

/** Bodies up to this size are joined to their head and sent in one write. */
const joinedBytes = 16_384;

/** The client's side of an exchange. */
export interface ExchangeClient {
  /** The connection is meant to stay open after this response. */
  readonly keepsAlive: boolean;
  readonly isRequestComplete: boolean;
  /** Both return false when the client must be waited for. */
  writeText(text: string): boolean;
  writeBytes(bytes: Buffer): boolean;
  pauseReading(): void;
  resumeReading(): void;
  /** The balancer answers by itself. */
  answer(status: number, reason: string): void;
  /** The response is complete. */
  finished(keepsAlive: boolean): void;
  /** The response broke off; all that is left is to break off too. */
  breakOff(): void;
  /** Gives the socket up to a tunnel, with what the client has sent already. */
  handOver(): { readonly socket: Socket; readonly early: Buffer | undefined };
  tunnelEnded(): void;
}

const unnamed: ResponseNaming = { nameLines: '', requestId: undefined };

const failureReasons: Readonly<Record<Exclude<FailureKind, 'no-endpoint'>, string>> = {
  connect: 'no connection to a replica could be made',
  timeout: 'the replica did not answer in time',
  'broken-response': 'the replica broke off before it answered',
  forced: 'the replica was stopped before it answered',
  'worker-lost': 'the worker that carried the request was lost',
};

type Phase = 'idle' | 'connecting' | 'waiting' | 'responding';

/** One request and its response, over as many attempts as it takes. Serves its client connection again and again. */
export class Exchange implements ResponseSink, InFlight {
  isHeadRequest = false;
  isUpgradeOffered = false;
  wantsPlainBody = false;
  removedFields = removedFromResponses;
  requestId = '';
  /** When a byte last moved; milliseconds since the epoch. */
  lastProgressAt = 0;
  readonly #client: ExchangeClient;
  readonly #context: WorkerContext;
  readonly #body = new ReplayBuffer();
  #phase: Phase = 'idle';
  #listener: ListenerState | undefined;
  #pool: PoolState | undefined;
  #endpoint: EndpointState | undefined;
  #upstream: UpstreamConnection | undefined;
  #tried: EndpointState[] = [];
  #headText = '';
  #isHttp10 = false;
  #isIdempotent = false;
  #keepsAlive = false;
  #isSent = false;
  #isUpstreamFull = false;
  #isClientFull = false;

  constructor(client: ExchangeClient, context: WorkerContext) {
    this.#client = client;
    this.#context = context;
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

  /** The replica takes no more of the request for now. */
  get isUpstreamFull(): boolean {
    return this.#isUpstreamFull;
  }

  /** The client takes no more of the response for now. */
  get isClientFull(): boolean {
    return this.#isClientFull;
  }

  get policy(): PoolState['policy'] | undefined {
    return this.#pool?.policy;
  }

  begin(head: RequestHead, listener: ListenerState, by: ForwardedBy): void {
    const { pool } = listener;
    listener.requests++;
    listener.inFlight++;
    listener.hasChanged = true;
    this.#listener = listener;
    this.#pool = pool;
    this.requestId = requestIdFor(head.fields.requestId);
    this.isHeadRequest = head.method === 'HEAD';
    this.isUpgradeOffered = head.upgrade !== undefined;
    this.#isHttp10 = head.isHttp10;
    this.wantsPlainBody = head.isHttp10;
    this.removedFields = pool.policy.responseHeaders ? removedFromNamedResponses : removedFromResponses;
    this.#headText = formatRequestHead(head, this.requestId, by, pool.service);
    this.#isIdempotent = isIdempotent(head.method);
    if (this.#tried.length > 0) this.#tried = [];
    this.#body.clear();
    this.#isUpstreamFull = false;
    this.#isClientFull = false;
    this.#attempt(undefined);
  }

  /** A part of the request body. */
  requestBody(bytes: Buffer): void {
    if (!this.isActive) return;
    this.lastProgressAt = Date.now();
    if (this.#phase !== 'responding') this.#body.keep(bytes, this.#isSent);
    if (this.#isSent) {
      if (this.#upstream?.socket.write(bytes) === false) this.#waitForUpstream();
    } else if (this.#body.isFull) {
      this.#waitForUpstream();
    }
  }

  /** The client is gone: so is its request. */
  abort(): void {
    if (!this.isActive) return;
    this.#endpoint?.ejection.released();
    this.#upstream?.close();
    this.#endAttempt(false);
    this.#close();
  }

  /** The replica was silent for too long. */
  timeOut(): void {
    this.cut('timeout');
  }

  cut(kind: FailureKind): void {
    this.#upstream?.close();
    this.failed(kind);
  }

  clientDrained(): void {
    if (!this.#isClientFull) return;
    this.#isClientFull = false;
    this.lastProgressAt = Date.now();
    this.#upstream?.socket.resume();
  }

  connected(): void {
    if (this.#phase === 'connecting') this.#send();
  }

  interim(head: ResponseHead): void {
    this.lastProgressAt = Date.now();
    if (!this.#isHttp10) this.#client.writeText(formatInterimHead(head));
  }

  response(head: ResponseHead, bytes: Buffer, start: number, end: number, isComplete: boolean): void {
    const endpoint = this.#answered();
    if (endpoint === undefined) return;
    const client = this.#client;
    const { kind } = head.framing;
    this.#phase = 'responding';
    this.#body.clear();
    // Without a length, only the end of the connection tells the client where the body ends.
    const isDelimited = kind !== 'close' && !(kind === 'chunked' && this.#isHttp10);
    this.#keepsAlive = client.keepsAlive && isDelimited && client.isRequestComplete;
    const text = formatResponseHead(head, this.#naming(endpoint), {
      isHttp10: this.#isHttp10,
      keepsAlive: this.#keepsAlive,
    });
    const length = end - start;
    let canTakeMore: boolean;
    if (length <= joinedBytes) {
      canTakeMore = client.writeText(length === 0 ? text : text + bytes.toString('latin1', start, end));
    } else {
      client.writeText(text);
      canTakeMore = client.writeBytes(bytes.subarray(start, end));
    }
    this.#wrote(canTakeMore, isComplete);
  }

  body(bytes: Buffer, isComplete: boolean): void {
    if (this.#phase !== 'responding') return;
    this.lastProgressAt = Date.now();
    this.#wrote(bytes.length === 0 || this.#client.writeBytes(bytes), isComplete);
  }

  upgraded(head: ResponseHead, rest: Buffer): void {
    const endpoint = this.#answered();
    const upstream = this.#upstream?.socket;
    const listener = this.#listener;
    if (endpoint === undefined || upstream === undefined || listener === undefined) return;
    this.#client.writeText(formatUpgradeHead(head, this.#naming(endpoint)));
    const { socket: client, early } = this.#client.handOver();
    if (rest.length > 0) client.write(rest);
    if (early !== undefined && early.length > 0) upstream.write(early);
    const tunnel = new Tunnel({ client, upstream, endpoint, listener }, this.#context, () => {
      this.#client.tunnelEnded();
    });
    tunnel.replace(this);
    this.#forget();
  }

  failed(kind: FailureKind): void {
    if (!this.isActive) return;
    const endpoint = this.#endpoint;
    const pool = this.#pool;
    if (endpoint === undefined || pool === undefined) return;
    if (this.#wasMerelyStale(kind)) return this.#reconnect(endpoint);
    endpoint.totals.failed++;
    if (kind !== 'forced' && endpoint.ejection.failed(Date.now(), pool.policy))
      this.#context.ejectionChanged(endpoint);
    const isAnswered = this.#phase === 'responding';
    const attempt = {
      kind,
      isSent: this.#isSent,
      isAnswered,
      isIdempotent: this.#isIdempotent,
      isReplayable: this.#body.isWhole,
      attempts: this.#tried.length + 1,
      retries: pool.policy.retries,
    };
    this.#endAttempt(kind === 'forced');
    this.#upstream = undefined;
    if (mayRetry(attempt)) {
      this.#tried.push(endpoint);
      this.#attempt(kind);
    } else {
      this.#fail(kind, isAnswered);
    }
  }

  drained(): void {
    if (!this.#isUpstreamFull || !this.#isSent) return;
    this.#isUpstreamFull = false;
    this.lastProgressAt = Date.now();
    this.#client.resumeReading();
  }

  #attempt(lastFailure: FailureKind | undefined): void {
    const pool = this.#pool;
    if (pool === undefined) return;
    const now = Date.now();
    this.lastProgressAt = now;
    this.#isSent = false;
    const endpoint = pool.endpoints.length === 0 ? undefined : selectEndpoint(pool, now, this.#tried);
    if (endpoint === undefined) {
      this.#fail(lastFailure ?? 'no-endpoint', false);
      return;
    }
    this.#endpoint = endpoint;
    endpoint.begin(this);
    this.#phase = 'connecting';
    const idle = takeIdle(endpoint, now, this.#isIdempotent);
    if (idle === undefined) this.#use(new UpstreamConnection(endpoint));
    else if (this.#isIdempotent) this.#use(idle);
    else this.#useWhenQuiet(idle, endpoint);
  }

  /** Events that have come already, such as the replica closing this very connection, are seen before it is used. */
  #useWhenQuiet(idle: UpstreamConnection, endpoint: EndpointState): void {
    this.#upstream = idle;
    idle.begin(this);
    setImmediate(() => {
      // A connection that was lost meanwhile has reported so, and a new attempt is on its way.
      if (this.#upstream === idle && this.#endpoint === endpoint && this.#phase === 'connecting')
        this.#send();
    });
  }

  #use(upstream: UpstreamConnection): void {
    this.#upstream = upstream;
    upstream.begin(this);
    if (upstream.isConnected) this.#send();
  }

  /** A kept connection that turns out to be closed says nothing about its replica. */
  #wasMerelyStale(kind: FailureKind): boolean {
    if (kind !== 'broken-response' || this.#phase === 'responding' || this.#upstream?.isReused !== true)
      return false;
    return !this.#isSent || (this.#isIdempotent && this.#body.isWhole);
  }

  #reconnect(endpoint: EndpointState): void {
    this.#isSent = false;
    if (endpoint.isDraining) {
      this.#endAttempt(false);
      this.#attempt('broken-response');
      return;
    }
    this.#phase = 'connecting';
    this.lastProgressAt = Date.now();
    this.#use(new UpstreamConnection(endpoint));
  }

  #send(): void {
    const socket = this.#upstream?.socket;
    if (socket === undefined) return;
    this.#phase = 'waiting';
    this.#isSent = true;
    this.lastProgressAt = Date.now();
    const { pieces } = this.#body;
    const first = pieces[0];
    let canTakeMore: boolean;
    if (first === undefined) {
      canTakeMore = socket.write(this.#headText, 'latin1');
    } else if (pieces.length === 1 && first.length <= joinedBytes) {
      canTakeMore = socket.write(this.#headText + first.toString('latin1', 0, first.length), 'latin1');
    } else {
      socket.cork();
      canTakeMore = socket.write(this.#headText, 'latin1');
      for (const piece of pieces) canTakeMore = socket.write(piece);
      socket.uncork();
    }
    if (!canTakeMore) {
      this.#waitForUpstream();
    } else if (this.#isUpstreamFull) {
      this.#isUpstreamFull = false;
      this.#client.resumeReading();
    }
  }

  #waitForUpstream(): void {
    this.#isUpstreamFull = true;
    this.#client.pauseReading();
  }

  /** Notes that the endpoint has begun to answer. */
  #answered(): EndpointState | undefined {
    const endpoint = this.#endpoint;
    const now = Date.now();
    this.lastProgressAt = now;
    if (endpoint?.ejection.succeeded(now) === true) this.#context.ejectionChanged(endpoint);
    for (const tried of this.#tried) {
      tried.totals.retried++;
      tried.hasChanged = true;
    }
    return endpoint;
  }

  #naming(endpoint: EndpointState): ResponseNaming {
    const isNamed = this.#pool?.policy.responseHeaders === true;
    return isNamed ? { nameLines: endpoint.nameLines, requestId: this.requestId } : unnamed;
  }

  #wrote(canTakeMore: boolean, isComplete: boolean): void {
    if (isComplete) {
      this.#complete();
    } else if (!canTakeMore) {
      this.#isClientFull = true;
      this.#upstream?.socket.pause();
    }
  }

  #complete(): void {
    if (this.#endpoint !== undefined) this.#endpoint.totals.completed++;
    this.#upstream?.release(this.#client.isRequestComplete);
    const keepsAlive = this.#keepsAlive;
    this.#endAttempt(false);
    this.#close();
    this.#client.finished(keepsAlive);
  }

  #fail(kind: FailureKind, isAnswered: boolean): void {
    const pool = this.#pool;
    if (this.#listener === undefined || pool === undefined) return;
    countFailure(this.#listener, kind);
    this.#close();
    if (isAnswered) this.#client.breakOff();
    else if (kind === 'no-endpoint') this.#client.answer(503, emptyReasonOf(pool));
    else this.#client.answer(kind === 'timeout' ? 504 : 502, failureReasons[kind]);
  }

  #endAttempt(isForced: boolean): void {
    const isLast = this.#endpoint?.end(this, isForced) === true;
    this.#endpoint = undefined;
    if (isLast) this.#context.reportNow();
  }

  /** Counts the exchange out. */
  #close(): void {
    if (this.#listener !== undefined) {
      this.#listener.inFlight--;
      this.#listener.hasChanged = true;
    }
    this.#forget();
  }

  #forget(): void {
    this.#phase = 'idle';
    this.#listener = undefined;
    this.#pool = undefined;
    this.#endpoint = undefined;
    this.#upstream = undefined;
    this.#headText = '';
    this.#body.clear();
  }
}
