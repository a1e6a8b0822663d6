import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { TenfoldError } from '../../shared/errors.ts';
import { errorFromJson, isRecord } from './error-from-json.ts';

/** Node's HTTP server bounds the head of a request, and with it a path that holds a command (RFC 6585, section 5). */
const headTooLarge = 431;

export interface SocketRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Sent as JSON; a stream is sent as it is. */
  readonly body?: object | Readable;
  readonly signal?: AbortSignal;
}

/** Sends one request over a unix socket and hands back the response once its head is there. */
export function openRequest(socketPath: string, request: SocketRequest): Promise<IncomingMessage> {
  const { method, path, body, signal } = request;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      socketPath,
      method,
      path,
      // A connection of its own for each request, so that none idles when the daemon wants to end.
      agent: false,
      headers: headersFor(body),
      ...(signal === undefined ? {} : { signal }),
    });
    outgoing.once('response', (response) => {
      response.once('close', () => outgoing.destroy());
      resolve(response);
    });
    // Stays for good: an abort after the response would otherwise be an uncaught error.
    outgoing.on('error', reject);
    if (body === undefined) outgoing.end();
    else if (isReadable(body)) {
      // Nothing may be typed for a long while, and the request must not wait for it.
      outgoing.flushHeaders();
      body.pipe(outgoing);
    } else outgoing.end(JSON.stringify(body));
  });
}

/** The JSON reply; throws the error that the daemon sent instead. */
export async function fetchJson<Reply>(socketPath: string, request: SocketRequest): Promise<Reply> {
  const response = await openRequest(socketPath, request);
  const text = await readText(response);
  if (isRefused(response)) throw refusal(response, text);
  return parsed<Reply>(text, JSON.parse);
}

/** The objects of a stream of JSON lines, as they come; throws the error that the daemon ended it with. */
export async function* streamJson<Message>(
  socketPath: string,
  request: SocketRequest,
): AsyncGenerator<Message, void, undefined> {
  const response = await openRequest(socketPath, request);
  if (isRefused(response)) throw refusal(response, await readText(response));
  for await (const line of linesOf(response)) {
    const message = parsed<Message>(line, JSON.parse);
    if (isRecord(message) && 'error' in message) throw errorFromJson(message['error']);
    yield message;
  }
}

function headersFor(body: SocketRequest['body']): Record<string, string> {
  if (body === undefined) return {};
  if (!isReadable(body)) return { 'content-type': 'application/json' };
  // A daemon that closed after its answer, while the rest of a stream is on its way to it, would reset the answer away.
  return { 'content-type': 'application/octet-stream', connection: 'keep-alive' };
}

function isReadable(body: object): body is Readable {
  return 'pipe' in body;
}

async function readText(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string, void, undefined> {
  response.setEncoding('utf8');
  let rest = '';
  for await (const chunk of response) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield line;
  }
  if (rest !== '') yield rest;
}

/** The boundary of the control API: what the daemon sends has the shapes of control-api.ts. */
function parsed<Value>(text: string, parse: (text: string) => Value): Value {
  try {
    return parse(text);
  } catch (cause) {
    throw new TenfoldError('daemon-unreachable', 'the daemon sent something that is not JSON', {
      got: JSON.stringify(text.slice(0, 200)),
      hint: 'another program may listen on the socket of the daemon',
      cause,
    });
  }
}

function isRefused(response: IncomingMessage): boolean {
  return (response.statusCode ?? 0) >= 400;
}

function refusal({ statusCode }: IncomingMessage, text: string): Error {
  if (statusCode === headTooLarge) {
    return new TenfoldError('usage', 'the command is too long to be handed to the daemon', {
      hint: 'put it into a file, and have the command read that, or its standard input',
    });
  }
  const reply = parsed<unknown>(text, JSON.parse);
  return errorFromJson(isRecord(reply) ? reply['error'] : reply);
}
