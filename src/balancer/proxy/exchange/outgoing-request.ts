import type { Socket } from 'node:net';
import type { EndpointState } from '../worker/endpoint-state.ts';
import { ReplayBuffer } from './replay-buffer.ts';
import { writeReceived } from '../socket/socket-reader.ts';
import { writeSoon } from '../socket/write-soon.ts';
import type { FailureKind } from '../worker/failure-kind.ts';
import { type FailedAttempt, isIdempotent } from './retry.ts';
import { type ResponseSink, UpstreamConnection } from './upstream-connection.ts';
import { takeIdle } from './upstream-pool.ts';

/** Bodies up to this size are joined to their head and sent in one write. */
export const joinedBytes = 16_384;

/** Who sends the body, and must be told to wait. */
export interface BodySource {
  pauseReading(): void;
  resumeReading(): void;
}

/** The request as it goes to a replica, kept so that it can go to another one. */
export class OutgoingRequest {
  isIdempotent = false;
  /** A byte of it may have reached the replica. */
  isSent = false;
  readonly #source: BodySource;
  readonly #sink: ResponseSink;
  readonly #body = new ReplayBuffer();
  #headText = '';
  #upstream: UpstreamConnection | undefined;
  #isBlocked = false;
  #isPrivate = false;

  constructor(source: BodySource, sink: ResponseSink) {
    this.#source = source;
    this.#sink = sink;
  }

  /** A connection that begins with a preface is the client's own: it is neither taken from the others nor kept for them. */
  begin(method: string, headText: string, preface: string): void {
    this.isIdempotent = isIdempotent(method);
    this.#headText = preface + headText;
    this.#isPrivate = preface !== '';
    this.#body.clear();
    this.#isBlocked = false;
    this.isSent = false;
  }

  /** All of the body that was sent is still held. */
  get isReplayable(): boolean {
    return this.#body.isWhole;
  }

  /** The replica takes no more for now. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  get socket(): Socket | undefined {
    return this.#upstream?.socket;
  }

  /** Takes a connection to the endpoint and sends what there is, now or as soon as it is made. */
  open(endpoint: EndpointState, now: number): void {
    this.isSent = false;
    const idle = this.#isPrivate ? undefined : takeIdle(endpoint, now, this.isIdempotent);
    if (idle === undefined) this.#use(new UpstreamConnection(endpoint));
    else if (this.isIdempotent) this.#use(idle);
    else this.#useWhenQuiet(idle);
  }

  openAnew(endpoint: EndpointState): void {
    this.isSent = false;
    this.#use(new UpstreamConnection(endpoint));
  }

  /** A response without a length could end with what has come of it. */
  get isBetweenChunks(): boolean {
    return this.#upstream?.isBetweenChunks === true;
  }

  /** True when a kept connection was lost that nothing was asked of, or that may be asked again: no replica's fault. */
  get isMerelyStale(): boolean {
    return this.#upstream?.isReused === true && (!this.isSent || (this.isIdempotent && this.isReplayable));
  }

  /** How an attempt stands that failed. */
  attempt(kind: FailureKind, isAnswered: boolean, attempts: number, retries: number): FailedAttempt {
    const { isSent, isIdempotent, isReplayable } = this;
    return { kind, isSent, isAnswered, isIdempotent, isReplayable, attempts, retries };
  }

  send(): void {
    const { socket } = this;
    if (socket === undefined) return;
    this.isSent = true;
    const canTakeMore = this.#write(socket);
    if (!canTakeMore) this.#block();
    else this.unblock();
  }

  /** A further part of the body; it is held for another replica until `answered`. */
  body(bytes: Buffer, isAnswered: boolean): void {
    if (!isAnswered) this.#body.keep(bytes, this.isSent);
    if (this.isSent) {
      if (this.socket !== undefined && !writeReceived(this.socket, bytes)) this.#block();
    } else if (this.#body.isFull) {
      this.#block();
    }
  }

  unblock(): void {
    if (!this.#isBlocked || !this.isSent) return;
    this.#isBlocked = false;
    this.#source.resumeReading();
  }

  /** No other replica will need the body. */
  answered(): void {
    this.#body.clear();
  }

  release(isComplete: boolean): void {
    this.#upstream?.release(isComplete && !this.#isPrivate);
    this.#upstream = undefined;
  }

  close(): void {
    this.#upstream?.close();
    this.#upstream = undefined;
  }

  forget(): void {
    this.#upstream = undefined;
    this.#headText = '';
    this.#body.clear();
  }

  #use(upstream: UpstreamConnection): void {
    this.#upstream = upstream;
    upstream.begin(this.#sink);
    if (upstream.isConnected) this.#sink.connected();
  }

  /** Events that have come already, such as the replica closing this very connection, are seen before it is used. */
  #useWhenQuiet(idle: UpstreamConnection): void {
    this.#upstream = idle;
    idle.begin(this.#sink);
    setImmediate(() => {
      // A connection that was lost meanwhile has said so, and another is being made.
      if (this.#upstream === idle && idle.isAlive && !this.isSent) this.#sink.connected();
    });
  }

  #write(socket: Socket): boolean {
    const { pieces } = this.#body;
    const first = pieces[0];
    if (first === undefined) return writeSoon(socket, this.#headText);
    if (pieces.length === 1 && first.length <= joinedBytes) {
      return socket.write(this.#headText + first.toString('latin1'), 'latin1');
    }
    socket.cork();
    let canTakeMore = socket.write(this.#headText, 'latin1');
    for (const piece of pieces) canTakeMore = socket.write(piece);
    socket.uncork();
    return canTakeMore;
  }

  #block(): void {
    this.#isBlocked = true;
    this.#source.pauseReading();
  }
}
