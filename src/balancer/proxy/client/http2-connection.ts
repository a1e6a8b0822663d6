import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { translateRequest } from '../tls/http2-request.ts';
import { Http2Wire } from '../tls/http2-wire.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { ClientConnection } from './client-connection.ts';
import type { Door, DoorConnection } from './door.ts';
import type { Entrant } from './entrant.ts';

const maxStreams = 128;
/** A client that takes back so many requests within the window only means to make work (CVE-2023-44487). */
const maxResets = 200;
const resetWindowMs = 10_000;

/** One HTTP/2 connection of a client: each of its streams is a request of its own. */
export class Http2Connection implements DoorConnection {
  readonly #session: ServerHttp2Session;
  readonly #entrant: Entrant;
  readonly #door: Door;
  readonly #context: WorkerContext;
  readonly #streams = new Set<ServerHttp2Stream>();
  #idleSince = Date.now();
  #resets = 0;
  #windowEndsAt = 0;

  constructor(entrant: Entrant, secured: TLSSocket, door: Door, context: WorkerContext) {
    this.#entrant = entrant;
    this.#door = door;
    this.#context = context;
    const session = performServerHandshake(secured, {
      maxHeaderListPairs: maxStreams,
      maxSessionMemory: 16,
      settings: {
        maxConcurrentStreams: maxStreams,
        maxHeaderListSize: door.limits.maxHeadBytes,
        enableConnectProtocol: false,
      },
    });
    this.#session = session;
    session.on('stream', (stream, _headers, flags, rawHeaders) => this.#begin(stream, flags, rawHeaders));
    session.on('error', () => {});
    // No connection of HTTP/2 is half open: whoever has ended it cannot even take what is under way.
    secured.on('end', () => session.destroy());
    session.on('close', () => {
      door.connections.delete(this);
      secured.destroy();
    });
  }

  retire(): void {
    this.#session.close();
  }

  destroy(): void {
    this.#session.destroy();
  }

  tick(now: number): void {
    if (this.#streams.size > 0) return;
    const { keepAliveMs, lingerMs } = this.#door.limits;
    const idleMs = now - this.#idleSince;
    if (idleMs > keepAliveMs + lingerMs) this.#session.destroy();
    else if (idleMs > keepAliveMs) this.#session.close();
  }

  #begin(stream: ServerHttp2Stream, flags: number, fields: readonly string[]): void {
    this.#streams.add(stream);
    stream.on('error', () => {});
    stream.on('aborted', () => this.#noteReset());
    stream.once('close', () => {
      this.#streams.delete(stream);
      this.#idleSince = Date.now();
    });
    const request = translateRequest(fields, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0);
    if (typeof request === 'number') {
      stream.respond({ ':status': request }, { endStream: true });
      stream.close(constants.NGHTTP2_NO_ERROR);
      return;
    }
    const wire = new Http2Wire(stream, request, this.#entrant.peer.address);
    this.#door.connections.add(new ClientConnection({ ...this.#entrant, wire }, this.#door, this.#context));
  }

  #noteReset(): void {
    const now = Date.now();
    if (now >= this.#windowEndsAt) {
      this.#resets = 0;
      this.#windowEndsAt = now + resetWindowMs;
    }
    if (++this.#resets > maxResets) this.#session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}
