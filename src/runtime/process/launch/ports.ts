import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { TenfoldError } from '../../../shared/errors.ts';

const lowestPort = 20_000;
const highestPort = 29_999;
const attempts = 200;

/**
 * Hands out loopback ports, each to one holder at a time.
 *
 * They lie below the range from which the kernel takes the ports of outgoing connections, because between the choice
 * and the program's own bind the kernel could give such a port to a connection of the balancer.
 */
export class PortReservations {
  readonly #held = new Set<number>();
  readonly #highest = Math.min(highestPort, ephemeralStart() - 1);

  /** Keeps a port that a replica has already. */
  hold(port: number): void {
    this.#held.add(port);
  }

  release(port: number): void {
    this.#held.delete(port);
  }

  /** A free port, held from now on. Throws `port-taken` when there is none. */
  async take(avoid: ReadonlySet<number>): Promise<number> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const port = lowestPort + Math.floor(Math.random() * (this.#highest - lowestPort + 1));
      if (!avoid.has(port) && (await this.#tryHold(port, 'tcp'))) return port;
    }
    throw new TenfoldError('port-taken', 'no free loopback port was found for a replica', {
      expected: `a free port from ${lowestPort} to ${this.#highest}`,
      got: `${attempts} ports in use, one after the other`,
      hint: 'see what listens with: ss -ltnp',
    });
  }

  /** The first free port of a published range such as `8080-8082`. Throws `port-taken` when there is none. */
  async takeFrom(published: string, protocol: 'tcp' | 'udp', service: string): Promise<number> {
    const [first = 0, last = first] = published.split('-').map(Number);
    for (let port = first; port <= last; port++) if (await this.#tryHold(port, protocol)) return port;
    throw new TenfoldError('port-taken', `service ${service}: no port of ${published} is free`, {
      expected: 'one free port for each replica, because the service publishes its ports itself',
      got: `${published} in use`,
      hint: 'publish a wider range, or let the balancer publish the port',
    });
  }

  async #tryHold(port: number, protocol: 'tcp' | 'udp'): Promise<boolean> {
    if (this.#held.has(port)) return false;
    this.#held.add(port);
    if (await isFree(port, protocol)) return true;
    this.#held.delete(port);
    return false;
  }
}

async function isFree(port: number, protocol: 'tcp' | 'udp'): Promise<boolean> {
  const canBind = protocol === 'tcp' ? canListen : canReceive;
  // A program may bind loopback only or every address, and must be able to do either.
  for (const host of ['127.0.0.1', '0.0.0.0', '::']) if (!(await canBind(port, host))) return false;
  return true;
}

function canReceive(port: number, host: string): Promise<boolean> {
  const socket = createSocket(host === '::' ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(!isTaken(error.code)));
    socket.bind({ port, address: host, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

function canListen(port: number, host: string): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    // Only a port in use matters; a system without IPv6 refuses `::` for another reason.
    server.once('error', (error: NodeJS.ErrnoException) => resolve(!isTaken(error.code)));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function isTaken(code: string | undefined): boolean {
  return code === 'EADDRINUSE' || code === 'EACCES';
}

/** First port that the kernel gives to outgoing connections. */
function ephemeralStart(): number {
  try {
    const start = Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10);
    // Some hosts let it begin so low that nothing useful is left below; then we take our chance inside it.
    return start >= lowestPort + 1000 ? start : highestPort + 1;
  } catch {
    return highestPort + 1;
  }
}
