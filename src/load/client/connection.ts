import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { BodyExtent } from '../../balancer/proxy/http/body-extent.ts';
import { HeadBuffer, headIncomplete } from '../../balancer/proxy/http/head-buffer.ts';
import { ResponseHead } from '../../balancer/proxy/http/response-head.ts';
import type { HttpRequest } from './http-request.ts';
import { failureOf, type Reply, type TransportFailure } from './reply.ts';

const maxHeadBytes = 64 * 1024;
/** Beyond this, what a check looks for in a body is not found. */
const maxKeptBodyBytes = 4 * 1024 * 1024;
const nothingRemoved = new Uint8Array(256);
const servedByField = /\r\nx-served-by:[ \t]*([^\r\n]*)/i;

export type OnReply = (reply: Reply) => void;

export interface ConnectionEvents {
  /** The reply is there and the connection can take the next request. Called before the request's own callback. */
  readonly onIdle: (connection: Connection) => void;
  /** It is of no more use. Called once. */
  readonly onClosed: (connection: Connection) => void;
}

/**
 * One connection that carries one request at a time (HTTP/1.1 without pipelining). It is lean because the client's own
 * time must not pass for the server's: no streams, no header objects, nothing allocated that the reply does not need.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #headBuffer = new HeadBuffer(maxHeadBytes);
  readonly #head = new ResponseHead();
  readonly #body = new BodyExtent();
  #onReply: OnReply | undefined;
  #request: HttpRequest | undefined;
  #isConnected = false;
  #isHeadRead = false;
  #bytes = 0;
  #servedBy: string | undefined;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #isClosed = false;
  /** When the request at hand is given up, in the client's own time, milliseconds. */
  deadline = Number.POSITIVE_INFINITY;

  constructor(socket: Socket, events: ConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.setNoDelay(true);
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => (this.#isConnected = true));
    socket.on('error', (error) => {
      this.#end(failureOf(error, this.#isConnected), error.message);
    });
    socket.on('end', () => this.#ended());
    socket.on('close', () => this.#ended());
  }

  send(request: HttpRequest, onReply: OnReply): void {
    this.#request = request;
    this.#onReply = onReply;
    this.#isHeadRead = false;
    this.#bytes = 0;
    this.#servedBy = undefined;
    this.#socket.write(request.bytes);
  }

  /** Bytes that have come. The buffer is used again as soon as this returns. */
  receive(chunk: Buffer): void {
    // Bytes that nobody asked for make it unclear where the next response begins.
    if (this.#request === undefined) return this.close();
    this.#bytes += chunk.length;
    let position = 0;
    while (!this.#isHeadRead) {
      const text = this.#headBuffer.read(chunk, position);
      if (text === headIncomplete) return;
      if (typeof text === 'number' || !this.#readHead(text, this.#request.isHead)) {
        return this.#end('malformed response', 'the head of the response cannot be read');
      }
      position = this.#headBuffer.end;
    }
    this.#receiveBody(chunk, position, this.#request.isBodyKept);
  }

  /** Gives up the request at hand, if any, and the connection. */
  close(failure: TransportFailure = 'cut off', reason: string = failure): void {
    this.#end(failure, reason);
  }

  /** False: the head cannot be trusted. An interim response (RFC 9110 section 15.2) is passed over. */
  #readHead(received: string, isHeadRequest: boolean): boolean {
    const text = received.slice(0, this.#headBuffer.textEnd);
    if (!this.#head.parse(text, nothingRemoved, isHeadRequest, false)) return false;
    if (this.#head.status < 200) return true;
    this.#isHeadRead = true;
    this.#servedBy = servedByField.exec(text)?.[1];
    this.#body.begin(this.#head.framing);
    return true;
  }

  #receiveBody(chunk: Buffer, start: number, isKept: boolean): void {
    const pieces: Buffer[] | undefined = isKept ? [] : undefined;
    const end = this.#body.take(chunk, start, pieces);
    if (end < 0) return this.#end('malformed response', 'the body of the response is malformed');
    if (pieces !== undefined) this.#keep(this.#body.isChunked ? pieces : [chunk.subarray(start, end)]);
    if (!this.#body.isComplete) return;
    const isReusable = this.#head.keepsAlive && end === chunk.length;
    this.#succeed(isReusable);
  }

  #keep(pieces: readonly Buffer[]): void {
    for (const piece of pieces) {
      const room = Math.min(piece.length, maxKeptBodyBytes - this.#keptBytes);
      if (room <= 0) continue;
      this.#kept.push(Buffer.from(piece.subarray(0, room)));
      this.#keptBytes += room;
    }
  }

  #succeed(isReusable: boolean): void {
    const body = this.#request?.isBodyKept === true ? Buffer.concat(this.#kept).toString('utf8') : undefined;
    const reply: Reply = {
      kind: 'response',
      status: this.#head.status,
      bytes: this.#bytes,
      servedBy: this.#servedBy,
      body,
    };
    const onReply = this.#release();
    if (isReusable) this.#events.onIdle(this);
    else this.close();
    onReply?.(reply);
  }

  #ended(): void {
    if (this.#isHeadRead && this.#request !== undefined && this.#body.endsWithConnection) {
      return this.#succeed(false);
    }
    this.#end('closed before the end of the response', 'the server closed the connection');
  }

  #end(failure: TransportFailure, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.destroy();
    this.#events.onClosed(this);
    const bytes = this.#bytes;
    this.#release()?.({ kind: 'failure', failure, reason, bytes });
  }

  #release(): OnReply | undefined {
    const onReply = this.#onReply;
    this.#onReply = undefined;
    this.#request = undefined;
    this.deadline = Number.POSITIVE_INFINITY;
    if (this.#kept.length > 0) this.#kept = [];
    this.#keptBytes = 0;
    return onReply;
  }
}
