import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net';
import type { EndpointEntry } from '../../../src/balancer/balancer-driver.ts';
import { freePort } from '../../helpers/free-port.ts';
import { reset } from '../../../src/balancer/proxy/socket/wire.ts';

let count = 0;

/** Something that answers on a loopback port, as an endpoint of the table. */
export interface TestReplica {
  readonly entry: EndpointEntry;
  readonly port: number;
  readonly server: Server | TcpServer;
  readonly sockets: Set<Socket>;
  /** Connections that it has accepted. */
  readonly accepted: () => number;
  /** Stops at once, as a process does that is killed; its port refuses from then on. */
  kill(): void;
  /** Listens again on the same port. */
  revive(): Promise<void>;
}

async function replicaOf(server: Server | TcpServer, instance: string): Promise<TestReplica> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    accepted++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  // No system gives it to another while this replica is dead.
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const id = `${instance} ${++count}`;
  const place = { id, instance, revision: 'r1', host: '127.0.0.1', port };
  return {
    entry: { ...place, rotation: 'active', isHealthy: true },
    port,
    server,
    sockets,
    accepted: () => accepted,
    kill: () => {
      server.close();
      for (const socket of sockets) reset(socket);
    },
    revive: async () => {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
  };
}

/** A replica that speaks HTTP with Node's own server. */
export function httpReplica(instance: string, handler: RequestListener): Promise<TestReplica> {
  return replicaOf(createServer(handler), instance);
}

/** A replica that does with each connection what it is told; half-open connections are its own business. */
export function rawReplica(instance: string, handler: (socket: Socket) => void): Promise<TestReplica> {
  return replicaOf(createTcpServer({ allowHalfOpen: true }, handler), instance);
}
