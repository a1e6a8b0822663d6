import { once } from 'node:events';
import {
  type Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type RequestOptions,
} from 'node:http';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface AskOptions {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
}

/** One request over a connection of its own, or the agent's; rejects when it gets no whole answer. */
export function ask(port: number, options: AskOptions = {}): Promise<Answer> {
  const { method = 'GET', path = '/', headers = {}, body, agent } = options;
  const target: RequestOptions = { host: '127.0.0.1', port, method, path, headers, agent: agent ?? false };
  return new Promise((resolve, reject) => {
    const outgoing = request(target, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        if (!response.complete) return reject(new Error('the response broke off'));
        const text = Buffer.concat(pieces).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export function responseTo(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => outgoing.once('response', resolve).once('error', reject));
}

export function nextChunk(stream: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => stream.once('data', resolve).once('error', reject));
}

export interface RawOptions {
  /** Ends the client's side once all is sent. */
  readonly halfClose?: boolean;
  /** Sends byte by byte. */
  readonly slowly?: boolean;
  /** Leaves as soon as this has come; else when the other side closes. */
  readonly until?: RegExp;
}

/** Sends the bytes as they are and returns all that comes back. */
export async function sendRaw(port: number, text: string, options: RawOptions = {}): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
  await once(socket, 'connect');
  let received = '';
  const closed = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (options.until?.test(received) === true) resolve();
    });
    socket.on('end', resolve);
    socket.on('error', () => resolve());
  });
  if (options.slowly === true) {
    for (const character of text) {
      socket.write(character, 'latin1');
      await sleep(1);
    }
  } else {
    socket.write(text, 'latin1');
  }
  if (options.halfClose === true) socket.end();
  await closed;
  socket.destroy();
  return received;
}

export function statusOf(raw: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(raw)?.[1] ?? 0);
}
