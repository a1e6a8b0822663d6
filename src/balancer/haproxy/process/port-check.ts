import { createServer } from 'node:net';
import type { ListenerEntry } from '../../balancer-driver.ts';
import { findPortOwner, formatPortOwner } from '../../../shared/port-owner.ts';
import { listenError } from '../../proxy/primary/bound-socket.ts';

/**
 * Throws `port-taken` when the listener's address cannot be opened. HAProxy would share a port with another process of
 * this user and say nothing, so the address is tried before it is asked.
 */
export async function checkAddress({ hostIp, port }: ListenerEntry): Promise<void> {
  const code = (await tryAddress(hostIp === '' ? '::' : hostIp, port)) ?? undefined;
  const isWithoutIpv6 = hostIp === '' && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL');
  const verdict = isWithoutIpv6 ? await tryAddress('0.0.0.0', port) : code;
  if (verdict === undefined) return;
  const owner = verdict === 'EADDRINUSE' ? await findPortOwner(port) : undefined;
  throw listenError(verdict, hostIp, port, owner === undefined ? undefined : formatPortOwner(owner));
}

/** The error's code, or undefined when the address is free. */
function tryAddress(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
