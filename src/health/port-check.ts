import { connect } from 'node:net';
import type { Endpoint } from '../model/endpoint.ts';
import { messageOf } from '../shared/errors.ts';

const nothingAccepts = 'nothing accepts connections on';

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
    resolve(isRefused ? `${nothingAccepts} ${host}:${port} yet` : messageOf(error));
  });
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

/** Undefined when all endpoints accept, else what the first of the others says, and what may be wrong with it. */
export async function checkPorts(
  endpoints: readonly Endpoint[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const answers = await Promise.all(
    endpoints.map(async (endpoint) => {
      const trouble = await checkPort(endpoint, timeoutMs, signal);
      if (!trouble?.startsWith(nothingAccepts) || endpoint.host !== '127.0.0.1') return trouble;
      // Where localhost resolves to ::1 first, a program that listens on "localhost" is deaf on 127.0.0.1.
      const other = { host: '::1', port: endpoint.port };
      const isDeaf = (await checkPort(other, timeoutMs, signal)) === undefined;
      return isDeaf ? `${trouble}, only on [::1]: let the program listen on 127.0.0.1 or 0.0.0.0` : trouble;
    }),
  );
  return answers.find((answer) => answer !== undefined);
}
