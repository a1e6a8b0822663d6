import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';

/** A request as Node's own parser read it. */
export interface ParsedRequest {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly string[];
  readonly content: Buffer;
}

class MemorySocket extends Duplex {
  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    done();
  }

  setTimeout(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }
}

/** Node's own HTTP server, fed from memory: one connection that goes on until it breaks. */
export class NodeUpstream {
  readonly #server: Server;
  #socket: MemorySocket | undefined;
  /** Requests that were read to their end, oldest first. */
  readonly complete: ParsedRequest[] = [];
  /** Requests whose head was read. */
  begun = 0;
  /** What the parser, or the server, complained of. */
  error: string | undefined;

  constructor() {
    const note = (incoming: IncomingMessage, outgoing: ServerResponse): void =>
      this.#note(incoming, outgoing);
    this.#server = createServer({ maxHeaderSize: 131_072, requireHostHeader: true }, note);
    // By default it answers these by itself.
    this.#server.on('checkContinue', note);
    this.#server.on('checkExpectation', note);
    this.#server.on('clientError', (error) => (this.error = error.message));
    this.#server.headersTimeout = 0;
    this.#server.requestTimeout = 0;
    this.#server.keepAliveTimeout = 0;
  }

  /** Hands the bytes over; what came of them is known when the promise resolves. */
  async take(bytes: Buffer): Promise<void> {
    this.#socket ??= this.#connect();
    this.#socket.push(bytes);
    // Ends of messages are told in later turns.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** The next bytes come on a new connection. */
  reset(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.complete.length = 0;
    this.begun = 0;
    this.error = undefined;
  }

  #connect(): MemorySocket {
    const socket = new MemorySocket();
    socket.on('error', () => {});
    this.#server.emit('connection', socket);
    return socket;
  }

  #note(incoming: IncomingMessage, outgoing: ServerResponse): void {
    this.begun++;
    const pieces: Buffer[] = [];
    incoming.on('data', (piece: Buffer) => pieces.push(piece));
    incoming.on('error', () => {});
    incoming.on('end', () => {
      const { method = '', url = '', rawHeaders } = incoming;
      this.complete.push({ method, target: url, fields: rawHeaders, content: Buffer.concat(pieces) });
    });
    outgoing.shouldKeepAlive = true;
    outgoing.end();
  }
}
