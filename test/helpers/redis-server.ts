import { printed, type RunningProgram, startProgram } from './program.ts';

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
