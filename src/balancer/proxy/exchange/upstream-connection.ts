import { connect, type Socket } from 'node:net';
import { BodyExtent } from '../http/body-extent.ts';
import { HeadBuffer, headIncomplete } from '../http/head-buffer.ts';
import { ResponseHead } from '../http/response-head.ts';
import type { EndpointState, IdleConnection } from '../worker/endpoint-state.ts';
import { eventTime } from '../socket/event-time.ts';
import { emitData, SocketReader } from '../socket/socket-reader.ts';
import type { FailureKind } from '../worker/failure-kind.ts';

const maxHeadBytes = 65_536;
/** Below the 5 s after which Node's own server closes an idle connection. */
const maxIdleMs = 4_000;
const maxIdlePerEndpoint = 256;

/** Where a response goes. */
export interface ResponseSink {
  readonly isHeadRequest: boolean;
  readonly isUpgradeOffered: boolean;
  /** Needs the chunked coding taken off. */
  readonly wantsPlainBody: boolean;
  readonly removedFields: Uint8Array;
  connected(): void;
  interim(head: ResponseHead): void;
  /** `bytes` from `start` to `end` are the body so far. The head is valid during the call only. */
  response(head: ResponseHead, bytes: Buffer, start: number, end: number, isComplete: boolean): void;
  body(bytes: Buffer, isComplete: boolean): void;
  /** The response was a 101; the socket is the sink's from here on. */
  upgraded(head: ResponseHead, rest: Buffer): void;
  failed(kind: FailureKind): void;
  drained(): void;
}

/** One connection to an endpoint, used for one request after another. */
export class UpstreamConnection implements IdleConnection {
  readonly endpoint: EndpointState;
  readonly socket: Socket;
  reusableUntil = 0;
  idleSince = 0;
  isConnected = false;
  #sink: ResponseSink | undefined;
  #isDead = false;
  #isDetached = false;
  #isInBody = false;
  #isReusable = false;
  /** What the replica promised last (RFC 9112 section 9.3, `Keep-Alive: timeout=5`). */
  #keepAliveField: string | undefined;
  #keepAliveMs = maxIdleMs;
  readonly #head = new ResponseHead();
  readonly #headBuffer = new HeadBuffer(maxHeadBytes);
  readonly #extent = new BodyExtent();

  constructor(endpoint: EndpointState) {
    this.endpoint = endpoint;
    this.socket = connect({
      host: endpoint.host,
      port: endpoint.port,
      noDelay: true,
      allowHalfOpen: true,
      onread: new SocketReader((chunk) => this.#read(chunk, 0)).onread,
    });
    this.socket.on('connect', () => {
      this.isConnected = true;
      this.#sink?.connected();
    });
    this.socket.on('drain', () => this.#sink?.drained());
    this.socket.on('end', () => this.#ended());
    this.socket.on('error', () => this.#lost());
    this.socket.on('close', () => this.#lost());
  }

  /** Begins an exchange; `connected` is called if the connection is not made yet. */
  begin(sink: ResponseSink): void {
    this.#sink = sink;
    this.#isInBody = false;
    this.#isReusable = false;
  }

  get isAlive(): boolean {
    return !this.#isDead;
  }

  /** A response without a length could end with what has come of it. */
  get isBetweenChunks(): boolean {
    return this.#isInBody && this.#extent.isBetweenChunks;
  }

  /** It has carried an exchange before. */
  get isReused(): boolean {
    return this.idleSince > 0;
  }

  /** The exchange is over: keeps the connection for the next one when that is safe, else closes it. */
  release(isRequestComplete: boolean): void {
    this.#sink = undefined;
    const { endpoint } = this;
    const canStay =
      this.#isReusable && isRequestComplete && !this.#isDead && this.socket.writableLength === 0;
    if (
      !canStay ||
      endpoint.isDraining ||
      this.#keepAliveMs <= 0 ||
      endpoint.idle.length >= maxIdlePerEndpoint
    ) {
      this.close();
      return;
    }
    this.idleSince = eventTime();
    this.reusableUntil = this.idleSince + this.#keepAliveMs;
    if (this.socket.isPaused()) this.socket.resume();
    endpoint.idle.push(this);
  }

  close(): void {
    this.#isDead = true;
    this.#sink = undefined;
    this.socket.destroy();
  }

  /** Hands the socket over, with no listener of this object left on it. */
  #detach(): void {
    this.#isDead = true;
    this.#isDetached = true;
    this.#sink = undefined;
    this.socket.removeAllListeners();
  }

  #read(chunk: Buffer, from: number): void {
    if (this.#isDetached) return emitData(this.socket, chunk);
    let start = from;
    let sink = this.#sink;
    if (sink === undefined) {
      // Bytes that nobody asked for: whatever they are, the next request must not get them.
      this.#forget();
      return;
    }
    const head = this.#head;
    while (!this.#isInBody) {
      const text = this.#headBuffer.read(chunk, start);
      if (text === headIncomplete) return;
      if (typeof text === 'number') return this.#broken();
      start = this.#headBuffer.end;
      if (
        !head.parse(
          text,
          sink.removedFields,
          sink.isHeadRequest,
          sink.isUpgradeOffered,
          this.#headBuffer.textEnd,
        )
      )
        return this.#broken();
      if (head.framing.kind === 'upgrade') {
        this.#detach();
        sink.upgraded(head, Buffer.from(chunk.subarray(start)));
        return;
      }
      if (head.status < 200) {
        sink.interim(head);
        if (start === chunk.length) return;
        sink = this.#sink;
        if (sink === undefined) return;
      } else {
        this.#beginBody(chunk, start, sink);
        return;
      }
    }
    this.#readBody(chunk, start, sink);
  }

  #beginBody(chunk: Buffer, start: number, sink: ResponseSink): void {
    const head = this.#head;
    this.#isInBody = true;
    this.#isReusable = head.keepsAlive;
    this.#extent.begin(head.framing);
    this.#noteKeepAlive(head.fields.keepAlive);
    if (sink.wantsPlainBody && this.#extent.isChunked) {
      sink.response(head, chunk, start, start, false);
      if (start < chunk.length && this.#sink === sink) this.#readBody(chunk, start, sink);
      return;
    }
    const end = this.#extent.take(chunk, start);
    if (end < 0) return this.#broken();
    // Bytes after the end make the connection unfit for another request.
    if (end < chunk.length) this.#isReusable = false;
    sink.response(head, chunk, start, end, this.#extent.isComplete);
  }

  #readBody(chunk: Buffer, start: number, sink: ResponseSink): void {
    const pieces: Buffer[] | undefined = sink.wantsPlainBody && this.#extent.isChunked ? [] : undefined;
    const end = this.#extent.take(chunk, start, pieces);
    if (end < 0) return this.#broken();
    const isComplete = this.#extent.isComplete;
    if (end < chunk.length) this.#isReusable = false;
    if (pieces !== undefined) sink.body(Buffer.concat(pieces), isComplete);
    else sink.body(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end), isComplete);
  }

  #noteKeepAlive(field: string | undefined): void {
    if (field === this.#keepAliveField) return;
    this.#keepAliveField = field;
    this.#keepAliveMs = maxIdleMs;
    const seconds = field === undefined ? undefined : /(?:^|[\s,;])timeout=(\d{1,6})/i.exec(field)?.[1];
    // One second less than promised, so that the replica does not close while a request is on its way.
    if (seconds !== undefined) this.#keepAliveMs = Math.min(maxIdleMs, Number(seconds) * 1000 - 1000);
  }

  #ended(): void {
    if (this.#sink !== undefined && this.#isInBody && this.#extent.endsWithConnection) {
      this.#isReusable = false;
      this.#sink.body(Buffer.alloc(0), true);
      return;
    }
    this.#lost();
  }

  #broken(): void {
    this.#fail('broken-response');
  }

  #lost(): void {
    this.#fail(this.isConnected ? 'broken-response' : 'connect');
  }

  #fail(kind: FailureKind): void {
    if (this.#isDead) return;
    const sink = this.#sink;
    this.#forget();
    sink?.failed(kind);
  }

  #forget(): void {
    const { idle } = this.endpoint;
    const index = idle.indexOf(this);
    if (index >= 0) idle.splice(index, 1);
    this.close();
  }
}
