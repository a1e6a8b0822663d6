import type { Socket } from 'node:net';
import { Exchange } from '../exchange/exchange.ts';
import type { ExchangeClient } from '../exchange/exchange-client.ts';
import type { ForwardedBy } from '../exchange/request-format.ts';
import { BodyExtent } from '../http/body-extent.ts';
import { carriageReturn, lineFeed } from '../http/characters.ts';
import { HeadBuffer, headIncomplete, headTooLong } from '../http/head-buffer.ts';
import { formatLocalResponse } from '../http/local-response.ts';
import { RequestHead } from '../http/request-head.ts';
import { eventTime } from '../socket/event-time.ts';
import { adoptSocket, emitData, SocketReader, writeReceived } from '../socket/socket-reader.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import type { Door, DoorConnection } from './door.ts';
import { HalfClose } from './half-close.ts';
import { refusalReasons } from './refusal-reasons.ts';

/** Parsing is synchronous, so one head serves all connections of the process. */
const head = new RequestHead();

/**
 * `head`: between requests or inside a head. `exchange`: a request is under way. `closing`: all is said, what still
 * comes is read and dropped. `gone`: closed, or handed over to a tunnel.
 */
type Phase = 'head' | 'exchange' | 'closing' | 'gone';

/** One HTTP/1.x connection of a client: its requests, one after another. */
export class ClientConnection implements ExchangeClient, DoorConnection {
  readonly #socket: Socket;
  readonly #door: Door;
  readonly #context: WorkerContext;
  readonly #forwardedBy: ForwardedBy;
  readonly #exchange: Exchange;
  readonly #headBuffer: HeadBuffer;
  readonly #extent = new BodyExtent();
  readonly #halfClose: HalfClose;
  #phase: Phase = 'head';
  #keepsAlive = true;
  #isRetiring = false;
  #isHttp10 = false;
  /** Of the request, for the rare case that the balancer answers by itself. */
  #fieldLines = '';
  /** What came after the request under way. */
  #early: Buffer | undefined;
  #hasServed = false;
  /** When the present phase began; milliseconds since the epoch. */
  #since = Date.now();

  constructor(accepted: Socket, door: Door, context: WorkerContext) {
    const socket = adoptSocket(accepted, new SocketReader((chunk) => this.#read(chunk)));
    this.#socket = socket;
    this.#door = door;
    this.#context = context;
    this.#forwardedBy = {
      // IPv4 on a socket for both.
      clientAddress: (socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
      lines: door.forwardedLines,
    };
    this.#exchange = new Exchange(this, context);
    this.#headBuffer = new HeadBuffer(context.limits.maxHeadBytes);
    this.#halfClose = new HalfClose(socket);
    socket.on('drain', () => this.#drained());
    socket.on('end', () => this.#ended());
    // A close always follows.
    socket.on('error', () => {});
    socket.on('close', () => this.#closed());
  }

  get keepsAlive(): boolean {
    return this.#keepsAlive && !this.#isRetiring;
  }

  get isRequestComplete(): boolean {
    return this.#extent.isComplete;
  }

  writeText(text: string): boolean {
    return this.#socket.write(text, 'latin1');
  }

  writeBytes(bytes: Buffer): boolean {
    return writeReceived(this.#socket, bytes);
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  answer(status: number, reason: string): void {
    const keepsAlive = this.keepsAlive && this.isRequestComplete;
    this.#respond(status, reason, keepsAlive);
    this.finished(keepsAlive);
  }

  finished(keepsAlive: boolean): void {
    this.#since = eventTime();
    this.#hasServed = true;
    const early = this.#early;
    if (!keepsAlive || this.#isRetiring || (this.#halfClose.hasEnded && early === undefined)) {
      this.#beginClosing();
      return;
    }
    this.#phase = 'head';
    // A client that takes no responses gets no further request served.
    if (this.#socket.writableNeedDrain) this.#socket.pause();
    else this.#readOn();
  }

  /** Inside a read nothing is kept yet: the loop there goes on with what is left. */
  #readOn(): void {
    const early = this.#early;
    this.#early = undefined;
    if (this.#socket.isPaused()) this.#socket.resume();
    if (early !== undefined) this.#read(early);
  }

  #drained(): void {
    if (this.#phase === 'exchange') this.#exchange.clientDrained();
    else if (this.#phase === 'head') this.#readOn();
  }

  breakOff(isDelimited: boolean): void {
    this.#phase = 'closing';
    // A plain close would be a valid end of a body without a length.
    if (isDelimited) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  handOver(): { readonly socket: Socket; readonly early: Buffer | undefined } {
    this.#phase = 'gone';
    this.#socket.removeAllListeners();
    return { socket: this.#socket, early: this.#early };
  }

  tunnelEnded(): void {
    this.#door.connections.delete(this);
  }

  /** The listener closes: the request under way is answered, nothing after it. */
  retire(): void {
    this.#isRetiring = true;
    if (this.#phase === 'head') this.#beginClosing();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Called a few times a second. */
  tick(now: number): void {
    const { limits } = this.#context;
    const waitedMs = now - this.#since;
    if (this.#phase === 'exchange') this.#tickExchange(now);
    else if (this.#phase === 'closing') {
      if (
        waitedMs > limits.lingerMs &&
        (this.#socket.writableLength === 0 || waitedMs > limits.sendTimeoutMs)
      ) {
        this.#socket.destroy();
      }
    } else if (this.#phase === 'head') {
      if (this.#headBuffer.isBegun) {
        if (waitedMs > limits.headTimeoutMs) this.#refuse(408);
      } else if (waitedMs > (this.#hasServed ? limits.keepAliveMs : limits.headTimeoutMs)) {
        this.#beginClosing();
      }
    }
  }

  #tickExchange(now: number): void {
    const exchange = this.#exchange;
    const { policy } = exchange;
    if (policy === undefined) return;
    const { limits } = this.#context;
    const silentMs = now - exchange.lastProgressAt;
    if (this.#halfClose.isClientGone(now, exchange.isResponding, silentMs, this.#isHttp10)) {
      this.destroy();
    } else if (exchange.expireWait(now)) {
      // Whatever the client does meanwhile, its wait is bounded.
    } else if (exchange.isConnecting) {
      if (silentMs > policy.connectTimeoutMs) exchange.cut('timeout');
    } else if (exchange.isClientFull) {
      if (silentMs > limits.sendTimeoutMs) this.destroy();
    } else if (!this.#extent.isComplete && !exchange.isUpstreamFull) {
      if (silentMs <= limits.bodyTimeoutMs) return;
      const isResponding = exchange.isResponding;
      exchange.abort();
      if (isResponding) this.breakOff(false);
      else this.#refuse(408);
    } else if (silentMs > policy.responseTimeoutMs) {
      exchange.cut('timeout');
    }
  }

  #read(chunk: Buffer): void {
    if (this.#phase === 'gone') return emitData(this.#socket, chunk);
    if (this.#phase === 'head' && !this.#headBuffer.isBegun) this.#since = eventTime();
    let start = 0;
    while (start < chunk.length && start >= 0) {
      if (this.#phase === 'head' && this.#socket.writableNeedDrain)
        return this.#keepEarly(chunk.subarray(start));
      if (this.#phase === 'head') start = this.#readHead(chunk, start);
      else if (this.#phase !== 'exchange') break;
      else if (this.#extent.isComplete) {
        this.#keepEarly(chunk.subarray(start));
        break;
      } else start = this.#readBody(chunk, start);
    }
  }

  /** Pipelined requests are served one after another. */
  #keepEarly(rest: Buffer): void {
    this.#early = this.#early === undefined ? Buffer.from(rest) : Buffer.concat([this.#early, rest]);
    this.#socket.pause();
  }

  #readHead(chunk: Buffer, from: number): number {
    let start = from;
    // One empty line before a request is forgiven (RFC 9112 section 2.2).
    if (!this.#headBuffer.isBegun && chunk[start] === carriageReturn && chunk[start + 1] === lineFeed)
      start += 2;
    if (start === chunk.length) return start;
    const text = this.#headBuffer.read(chunk, start);
    if (text === headIncomplete) return chunk.length;
    if (typeof text === 'number') return this.#refuse(text === headTooLong ? 431 : 400);
    start = this.#headBuffer.end;
    const refusal = head.parse(text, this.#headBuffer.textEnd);
    if (refusal !== 0) return this.#refuse(refusal);
    const { listener } = this.#door;
    if (listener === undefined) {
      this.#beginClosing();
      return -1;
    }
    this.#phase = 'exchange';
    this.#keepsAlive = head.keepsAlive;
    this.#isHttp10 = head.isHttp10;
    this.#fieldLines = head.fields.kept;
    this.#extent.begin(head.framing);
    this.#exchange.begin(head, listener, this.#forwardedBy);
    return start;
  }

  #readBody(chunk: Buffer, start: number): number {
    const end = this.#extent.take(chunk, start);
    if (end < 0) {
      const isResponding = this.#exchange.isResponding;
      this.#exchange.abort();
      if (isResponding) this.breakOff(false);
      else this.#refuse(400);
      return -1;
    }
    this.#exchange.requestBody(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end));
    return end;
  }

  #refuse(status: number): -1 {
    this.#fieldLines = '';
    this.#respond(status, refusalReasons[status] ?? 'the request was refused', false);
    this.#beginClosing();
    return -1;
  }

  #respond(status: number, reason: string, keepsAlive: boolean): void {
    const isNamed = this.#exchange.requestId !== '' && this.#phase === 'exchange';
    const text = formatLocalResponse({
      status,
      reason,
      requestId: isNamed ? this.#exchange.requestId : undefined,
      isHeadRequest: isNamed && this.#exchange.isHeadRequest,
      wantsJson: /^accept:[^\r]*application\/json/im.test(this.#fieldLines),
      closes: !keepsAlive,
      ...(status === 503 ? { retryAfterSeconds: 1 } : {}),
    });
    if (this.#socket.writable) this.#socket.write(text);
  }

  #beginClosing(): void {
    this.#phase = 'closing';
    this.#since = Date.now();
    this.#headBuffer.clear();
    this.#early = undefined;
    this.#socket.resume();
    this.#socket.end();
  }

  #ended(): void {
    if (this.#phase === 'exchange' && this.#extent.isComplete) this.#halfClose.began(Date.now());
    else if (this.#phase === 'exchange') this.#socket.destroy();
    else if (this.#phase === 'head') this.#beginClosing();
  }

  #closed(): void {
    this.#phase = 'gone';
    this.#exchange.abort();
    this.#door.connections.delete(this);
  }
}
