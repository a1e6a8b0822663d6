import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';
import { BodyExtent } from '../http/body-extent.ts';
import { HeadBuffer, headIncomplete } from '../http/head-buffer.ts';
import { removedFromResponses } from '../http/known-fields.ts';
import { ResponseHead } from '../http/response-head.ts';
import type { Wire } from '../socket/wire.ts';
import type { TranslatedRequest } from './http2-request.ts';

const maxHeadBytes = 131_072;

/** Its own, as responses come in while a replica's head is being handled. */
const responseHead = new ResponseHead();

/**
 * One stream of HTTP/2 as a connection of HTTP/1.1 that carries one request. So the same code decides framing, routes,
 * limits and retries, and nothing about a request is decided twice.
 */
export class Http2Wire extends Duplex implements Wire {
  readonly remoteAddress: string;
  readonly #stream: ServerHttp2Stream;
  readonly #isHeadRequest: boolean;
  readonly #request: TranslatedRequest;
  readonly #headBuffer = new HeadBuffer(maxHeadBytes);
  readonly #extent = new BodyExtent();
  #received = 0;
  #isRequestOver: boolean;
  #hasResponded = false;

  constructor(stream: ServerHttp2Stream, request: TranslatedRequest, remoteAddress: string) {
    super({ allowHalfOpen: true, decodeStrings: true });
    this.remoteAddress = remoteAddress;
    this.#stream = stream;
    this.#request = request;
    this.#isHeadRequest = request.head.startsWith('HEAD ');
    this.#isRequestOver = request.body === 'none';
    this.push(request.head, 'latin1');
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    stream.on('end', () => this.#requestEnded());
    stream.on('error', () => {});
    stream.on('close', () => this.destroy());
  }

  setKeepAlive(): void {}

  setTimeout(timeoutMs: number, callback: () => void): void {
    this.#stream.setTimeout(timeoutMs, callback);
  }

  /** The client is told that the response broke off. */
  resetAndDestroy(): void {
    this.#breakOff();
    this.destroy();
  }

  override _read(): void {
    this.#stream.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#stream.destroyed || this.#stream.closed) return done();
    const pieces: Buffer[] = [];
    if (!this.#translate(chunk, pieces)) {
      this.resetAndDestroy();
      return done();
    }
    if (pieces.length === 0) done();
    else this.#stream.write(Buffer.concat(pieces), () => done());
    if (this.#hasResponded && this.#extent.isComplete) this.#stream.end();
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.#hasResponded || !(this.#extent.isComplete || this.#extent.endsWithConnection)) {
      this.#breakOff();
    } else if (!this.#stream.writableEnded) {
      this.#stream.end();
    }
    // The rest of the request is not wanted (RFC 9113 section 8.1).
    if (!this.#isRequestOver)
      this.#stream.once('finish', () => this.#stream.close(constants.NGHTTP2_NO_ERROR));
    this.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#stream.writableEnded) this.#breakOff();
    done(error);
  }

  /** To close the stream would send an end first, and what there is of the response would look like all of it. */
  #breakOff(): void {
    if (!this.#stream.destroyed) this.#stream.destroy(new Error('the response broke off'));
  }

  #take(chunk: Buffer): void {
    const { body } = this.#request;
    this.#received += chunk.length;
    if (body === 'none' || (typeof body === 'object' && this.#received > body.bytes)) {
      // More than was declared would be another request on this connection.
      this.#stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
      this.destroy();
      return;
    }
    if (chunk.length === 0) return;
    const framed =
      body === 'chunked'
        ? Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')])
        : chunk;
    if (!this.push(framed)) this.#stream.pause();
  }

  #requestEnded(): void {
    const { body } = this.#request;
    if (this.#isRequestOver || this.destroyed) return;
    this.#isRequestOver = true;
    if (body === 'chunked') this.push('0\r\n\r\n', 'latin1');
    // Less than was declared can never become a whole request.
    else if (typeof body === 'object' && this.#received < body.bytes) this.destroy();
  }

  /** Reads what the balancer says in HTTP/1.1; false when it makes no sense. */
  #translate(chunk: Buffer, pieces: Buffer[]): boolean {
    let start = 0;
    while (!this.#hasResponded && start < chunk.length) {
      const text = this.#headBuffer.read(chunk, start);
      if (text === headIncomplete) return true;
      if (typeof text === 'number') return false;
      start = this.#headBuffer.end;
      const { textEnd } = this.#headBuffer;
      if (!responseHead.parse(text, removedFromResponses, this.#isHeadRequest, false, textEnd)) return false;
      if (responseHead.status < 200) this.#stream.additionalHeaders({ ':status': responseHead.status });
      else this.#respond();
    }
    if (start === chunk.length) return true;
    if (!this.#extent.isChunked) {
      pieces.push(Buffer.from(chunk.subarray(start)));
      return this.#extent.take(chunk, start) === chunk.length;
    }
    return this.#extent.take(chunk, start, pieces) >= 0;
  }

  #respond(): void {
    const { fields, status, framing } = responseHead;
    this.#hasResponded = true;
    this.#extent.begin(framing);
    const headers: OutgoingHttpHeaders = { ':status': status };
    for (const line of fields.kept.split('\r\n')) {
      const colon = line.indexOf(':');
      if (colon < 0) continue;
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).trim();
      const before = headers[name];
      headers[name] =
        before === undefined ? value : [...(Array.isArray(before) ? before : [String(before)]), value];
    }
    if (fields.contentLength !== undefined && status !== 204)
      headers['content-length'] = fields.contentLength;
    this.#stream.respond(headers, { endStream: framing.kind === 'none' });
  }
}
