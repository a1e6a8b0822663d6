import { once } from 'node:events';
import { createServer } from 'node:net';
import { printed, type RunningProgram, startProgram } from './program.ts';

/** A port that was free a moment ago, for programs that cannot take port 0. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

/** A real Redis on loopback that keeps its data in the folder on every write. */
export async function startRedis(
  port: number,
  directory: string,
  password?: string,
): Promise<RunningProgram> {
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--appendonly', 'yes'];
  const secret = password === undefined ? [] : ['--requirepass', password];
  const server = startProgram('redis-server', [...options, ...secret]);
  await printed(server, /Ready to accept connections/);
  return server;
}
