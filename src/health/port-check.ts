import { connect } from 'node:net';
import type { Endpoint } from '../model/endpoint.ts';
import { messageOf } from '../shared/errors.ts';

/** Undefined when the endpoint accepts a TCP connection, else why it does not. */
export async function checkPort(
  endpoint: Pick<Endpoint, 'host' | 'port'>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { host, port } = endpoint;
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const socket = connect({ host, port, timeout: timeoutMs });
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  socket.once('connect', () => resolve(undefined));
  socket.once('timeout', () => resolve(`${host}:${port} did not answer within ${timeoutMs} ms`));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    const isRefused = error.code === 'ECONNREFUSED';
    resolve(isRefused ? `nothing accepts connections on ${host}:${port} yet` : messageOf(error));
  });
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

/** Undefined when all endpoints accept, else what the first of the others says. */
export async function checkPorts(
  endpoints: readonly Endpoint[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const answers = await Promise.all(endpoints.map((endpoint) => checkPort(endpoint, timeoutMs, signal)));
  return answers.find((answer) => answer !== undefined);
}
