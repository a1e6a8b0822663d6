import { createServer, type Server } from 'node:http';
import { formatAddress, type AdminAddress } from './admin-address.ts';
import { refusalOf } from './same-origin.ts';
import type { Route } from '../control/control-server.ts';
import { answerBy } from '../control/answer-by.ts';
import { messageOf } from '../../shared/errors.ts';

export interface AdminServer extends AsyncDisposable {
  /** `127.0.0.1:9910`; undefined while it does not listen. */
  readonly address: string | undefined;
  /** Why it does not listen. */
  readonly failure: string | undefined;
}

/** Silence after which a kept connection is closed; longer than the usual time between two scrapes would be waste. */
const keepAliveMs = 5_000;

/**
 * Serves the routes over TCP to whoever may connect, as long as no page of another site is behind the request. A port that
 * cannot be had is no reason to run no stacks: the server then says why it does not listen.
 */
export async function serveAdmin(
  address: AdminAddress | undefined,
  routes: readonly Route[],
  onBug: (thrown: unknown) => void,
): Promise<AdminServer> {
  if (address === undefined) return silent('it is off');
  const answer = answerBy(routes, onBug);
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(protectiveHeaders)) response.setHeader(name, value);
    const refusal = refusalOf(request);
    if (refusal === undefined) return void answer(request, response);
    response.writeHead(refusal.status, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(`${refusal.reason}\n`);
  });
  server.keepAliveTimeout = keepAliveMs;
  const failure = await listen(server, address);
  if (failure !== undefined) return silent(failure);
  server.on('error', onBug);
  return {
    address: formatAddress(address.host, portOf(server)),
    failure: undefined,
    [Symbol.asyncDispose]() {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      server.closeAllConnections();
      return promise;
    },
  };
}

const protectiveHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

function silent(failure: string): AdminServer {
  return { address: undefined, failure, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Takes the first port that can be had; otherwise says why the last one cannot. */
async function listen(server: Server, { host, ports }: AdminAddress): Promise<string | undefined> {
  let failure: string | undefined;
  for (const port of ports) {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const onError = (error: Error): void => resolve(`${formatAddress(host, port)}: ${messageOf(error)}`);
    server.once('error', onError);
    server.listen(port, host, () => resolve(undefined));
    failure = await promise;
    server.removeListener('error', onError);
    if (failure === undefined) return undefined;
  }
  return failure;
}
