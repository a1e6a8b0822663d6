import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { VersionReply } from '../../src/daemon/control-api.ts';
import { resolveHome, type Home } from '../../src/daemon/home.ts';
import { ownVersion } from '../../src/shared/own-version.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly text: string;
  /** Aborts when the caller goes away before the end of the answer. */
  readonly gone: AbortSignal;
}

/** What the daemon answers: one object, a stream of them, or an error. */
export type Answer =
  | { readonly json: unknown; readonly status?: number }
  | { readonly stream: Iterable<unknown> | AsyncIterable<unknown>; readonly breaksOff?: boolean };

type Handler = (request: ReceivedRequest) => Answer;

/** A server on a unix socket that says what a test tells it to, and keeps what it was asked. */
export interface FakeDaemon extends AsyncDisposable {
  readonly home: Home;
  /** Environment that leads the command line here. */
  readonly environment: Readonly<Record<string, string>>;
  readonly requests: readonly ReceivedRequest[];
  /** Bodies of the requests to a path, parsed. */
  bodies(path: string): unknown[];
  /** What is answered from now on: `answer('POST /v1/stacks/demo/up', …)`. */
  answer(route: string, handler: Handler | Answer): void;
}

export const ownVersionReply: VersionReply = {
  version: ownVersion(),
  // No process has this number, so that nobody waits for its end.
  pid: 2 ** 22 + 1,
  home: '/home',
  proxyPid: undefined,
};

export async function startFakeDaemon(): Promise<FakeDaemon> {
  const folder = await temporaryFolder();
  const home = resolveHome({ TENFOLD_HOME: join(folder.path, 'home') });
  const handlers = new Map<string, Handler>();
  const requests: ReceivedRequest[] = [];
  const answer: FakeDaemon['answer'] = (route, handler) => {
    handlers.set(route, typeof handler === 'function' ? handler : () => handler);
  };
  answer('GET /v1/version', { json: ownVersionReply });
  answer('POST /v1/exit', { json: { isExiting: false, runningStacks: ['demo'] } });

  const server = createServer((request, response) => {
    void receive(request, response).then((received) => {
      requests.push(received);
      const handler = handlers.get(`${received.method} ${received.path}`) ?? notFound;
      return send(response, handler(received));
    });
  });
  await mkdir(dirname(home.socketPath), { recursive: true });
  server.listen(home.socketPath);
  await once(server, 'listening');

  return {
    home,
    environment: { TENFOLD_HOME: home.directory },
    requests,
    bodies: (path) =>
      requests.filter((request) => request.path === path).map(({ text }): unknown => JSON.parse(text)),
    answer,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function notFound({ method, path }: ReceivedRequest): Answer {
  return { status: 500, json: { error: { message: `the test has no answer to ${method} ${path}` } } };
}

async function receive(request: IncomingMessage, response: ServerResponse): Promise<ReceivedRequest> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://daemon');
  // An exec has the caller's stdin as its body, which may never end.
  const text = pathname.endsWith('/exec') ? '' : await readAll(request);
  return { method: request.method ?? '', path: pathname, query: searchParams, text, gone: gone.signal };
}

async function readAll(request: IncomingMessage): Promise<string> {
  request.setEncoding('utf8');
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

async function send(response: ServerResponse, answer: Answer): Promise<void> {
  if ('json' in answer) {
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.json));
    return;
  }
  response.writeHead(200, { 'content-type': 'application/jsonl' });
  response.flushHeaders();
  for await (const message of answer.stream) {
    if (response.destroyed) return;
    await new Promise((resolve) => response.write(`${JSON.stringify(message)}\n`, resolve));
  }
  if (answer.breaksOff === true) response.destroy();
  else response.end();
}
