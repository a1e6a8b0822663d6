import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that systems and Tenfold hand out by themselves: nobody else gets one of these by chance. */
const firstPort = 10_000;
/** Each test process has its own: those that run at one time have different pids. */
const portsEach = 150;
const first = firstPort + (process.pid % 64) * portsEach;
let taken = 0;

/** A loopback port that nobody listens on, for programs that cannot take port 0. Not given out again for a long while. */
export function freePort(): Promise<number> {
  return freePorts(1);
}

/** The first of that many ports in a row that nobody listens on. */
export async function freePorts(count: number): Promise<number> {
  for (let tries = 0; tries < portsEach; tries++) {
    if ((taken % portsEach) + count > portsEach) taken += portsEach - (taken % portsEach);
    const port = first + (taken % portsEach);
    taken += count;
    const ports = Array.from({ length: count }, (_, index) => port + index);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return port;
  }
  throw new Error(`no ${count} ports in a row are free from ${first} to ${first + portsEach - 1}`);
}

export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const opened = once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.listen(port, '127.0.0.1');
  if (!(await opened)) return false;
  server.close();
  await once(server, 'close');
  return true;
}
