import net from 'node:net';
import { TenfoldError } from '../../../shared/errors.ts';

/** A socket that is bound and handed to workers, which listen on it; it stays bound while no worker lives. */
export interface BoundSocket {
  readonly key: string;
  /** What `subprocess.send` takes. */
  readonly handle: NativeHandle;
  close(): void;
}

export interface NativeHandle {
  close(): void;
  getsockname(out: { port?: number }): number;
}

/**
 * What Node's own cluster module uses to bind a socket without accepting on it. It is not documented, and there is no
 * other way: a `net.Server` in the main process would accept connections that only workers can serve.
 */
interface NetInternals {
  _createServerHandle(
    address: string,
    port: number,
    family: 4 | 6,
    fd: number,
    flags: number,
  ): NativeHandle | number;
}

function hasInternals(module: object): module is NetInternals {
  return '_createServerHandle' in module;
}

/** An error number of the operating system, such as 98, or undefined when the port is bound. */
type BindError = number | undefined;

function bind(address: string, port: number, family: 4 | 6): NativeHandle | BindError {
  if (!hasInternals(net)) throw new Error('this Node cannot bind a socket for its workers');
  const handle = net._createServerHandle(address, port, family, -1, 0);
  if (typeof handle === 'number') return -handle;
  // libuv holds back "address in use" until the socket is looked at.
  const name: { port?: number } = {};
  const result = handle.getsockname(name);
  if (result === 0 && name.port === port) return handle;
  handle.close();
  return result === 0 ? 98 : -result;
}

/** Linux error numbers that mean there is no IPv6 here. */
const noIpv6 = new Set([97, 99]);

/** Binds a listener's address. Throws `port-taken`, or what else forbids it; `hostIp` empty binds all addresses. */
export function bindSocket(key: string, hostIp: string, port: number): BoundSocket {
  let result: NativeHandle | BindError;
  if (hostIp === '') {
    result = bind('::', port, 6);
    if (typeof result === 'number' && noIpv6.has(result)) result = bind('0.0.0.0', port, 4);
  } else {
    result = bind(hostIp, port, net.isIPv6(hostIp) ? 6 : 4);
  }
  if (typeof result !== 'object') throw bindError(result ?? 0, hostIp, port);
  const handle = result;
  return { key, handle, close: () => handle.close() };
}

const errorNames: Readonly<Record<number, string>> = {
  13: 'EACCES',
  97: 'EAFNOSUPPORT',
  98: 'EADDRINUSE',
  99: 'EADDRNOTAVAIL',
};

function bindError(errno: number, hostIp: string, port: number): TenfoldError {
  return listenError(errorNames[errno] ?? `error ${errno}`, hostIp, port);
}

/** The error for a listener that could not be opened; the holder of a taken port is looked up by the caller. */
export function listenError(code: string, hostIp: string, port: number, holder?: string): TenfoldError {
  const address = hostIp === '' ? `port ${port}` : `port ${port} on ${hostIp}`;
  switch (code) {
    case 'EADDRINUSE':
      return new TenfoldError(
        'port-taken',
        `${address} is already taken${holder === undefined ? '' : ` by ${holder}`}`,
        {
          expected: 'a free port',
          got: holder ?? 'a port that another program listens on',
          hint: 'Stop that program, or publish another port.',
        },
      );
    case 'EACCES':
      return new TenfoldError('port-taken', `${address} may not be opened by this user`, {
        expected: 'a port that this user may listen on',
        got: 'permission denied',
        hint: 'Publish a port from 1024 up, or allow low ports (net.ipv4.ip_unprivileged_port_start).',
      });
    case 'EADDRNOTAVAIL':
      return new TenfoldError('port-taken', `${address} cannot be opened: this machine has no such address`, {
        expected: 'an address of this machine',
        got: hostIp,
        hint: 'Publish on an address that the machine has, or on none.',
      });
    default:
      return new TenfoldError('port-taken', `${address} cannot be opened (${code})`);
  }
}
