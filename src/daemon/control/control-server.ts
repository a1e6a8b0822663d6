import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { answerBy } from './answer-by.ts';
import { messageOf, TenfoldError } from '../../shared/errors.ts';
import { makeFolder } from '../../shared/make-folder.ts';

export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** What the pattern of the route captured. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** `/v1/stacks/:name/up` */
  readonly pattern: string;
  readonly handle: (call: Call) => Promise<void>;
}

export interface ControlServer extends AsyncDisposable {
  /** Calls under way. */
  readonly callCount: number;
  /** When the last call ended, milliseconds since the epoch. */
  readonly lastCallAt: number;
}

/**
 * Serves the routes on a unix socket that only its owner can open. A socket file that a daemon before left behind
 * is replaced: the lock of the home says that none is alive.
 */
export async function serveControl(
  socketPath: string,
  routes: readonly Route[],
  onBug: (thrown: unknown) => void,
): Promise<ControlServer> {
  let callCount = 0;
  let lastCallAt = Date.now();
  const answer = answerBy(routes, onBug);
  const server = createServer((request, response) => {
    callCount += 1;
    response.once('close', () => {
      callCount -= 1;
      lastCallAt = Date.now();
    });
    void answer(request, response);
  });
  // A stream of events may be silent for hours.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 1_000;

  await listen(server, socketPath);
  return {
    get callCount() {
      return callCount;
    },
    get lastCallAt() {
      return lastCallAt;
    },
    async [Symbol.asyncDispose]() {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), 500).unref();
      await promise;
      await rm(socketPath, { force: true });
    },
  };
}

/** Whether somebody accepts on a unix socket. */
export function isListening(socketPath: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(socketPath);
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

async function listen(server: Server, socketPath: string): Promise<void> {
  makeFolder(dirname(socketPath));
  await rm(socketPath, { force: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  // The mask, and not only the chmod after it: there is no moment at which another user could connect.
  const mask = process.umask(0o177);
  server.listen(socketPath, () => resolve());
  try {
    await promise;
  } catch (thrown) {
    throw new TenfoldError('home-unusable', `cannot listen on ${socketPath}: ${messageOf(thrown)}`, {
      hint: 'set TENFOLD_HOME to a folder on a file system that has unix sockets',
      cause: thrown,
    });
  } finally {
    process.umask(mask);
  }
  await chmod(socketPath, 0o600);
}
