import { once } from 'node:events';
import { createServer } from 'node:net';
import { eventually } from './eventually.ts';

/** A loopback port that was free a moment ago, for programs that cannot take port 0; throws when the wished one is not. */
export async function freePort(wished = 0): Promise<number> {
  const server = createServer().listen(wished, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

/** The first of that many ports in a row that were free a moment ago. */
export async function freePorts(count: number): Promise<number> {
  return eventually(async () => {
    const first = await freePort();
    for (let port = first + 1; port < first + count; port += 1) await freePort(port);
    return first;
  });
}
