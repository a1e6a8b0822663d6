import { createServer } from 'node:net';
import { listenerId, type Desired } from '../../controller/desired.ts';
import { messageOf, TenfoldError } from '../../shared/errors.ts';

/**
 * Gives every listener whose file names no host port a free one, once: a port that was assigned stays, so that a
 * replica's environment and a person's bookmark keep their meaning. Throws `port-taken` when none is free.
 */
export async function assignPorts(desired: Desired): Promise<Desired> {
  const assignedPorts: Record<string, number> = {};
  for (const service of Object.values(desired.stack.services)) {
    for (const { key, hostIp, port } of service.listeners) {
      const id = listenerId(desired.stack.name, key);
      if (port === undefined) assignedPorts[id] = desired.assignedPorts[id] ?? (await freePort(hostIp));
    }
  }
  return { ...desired, assignedPorts };
}

function freePort(hostIp: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer();
  server.once('error', (error) => {
    reject(
      new TenfoldError('port-taken', `no free port on ${hostIp || 'this machine'}: ${messageOf(error)}`, {
        cause: error,
      }),
    );
  });
  server.listen({ port: 0, ...(hostIp !== '' && { host: hostIp }) }, () => {
    const address = server.address();
    server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
  });
  return promise;
}
