import { connect, isIP } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { Connection, type OnReply } from './connection.ts';
import type { HttpRequest } from './http-request.ts';

/** How exactly a timeout is kept. */
const sweepMs = 20;
const readBufferBytes = 64 * 1024;

/** Where requests go: an address, so that no name is looked up under load. */
export interface HttpAddress {
  readonly host: string;
  readonly port: number;
  /** Undefined: plain HTTP. Else the name that is asked for, which the certificate must have. */
  readonly serverName: string | undefined;
  /** The address is known to be this machine's own, whatever its certificate says. */
  readonly isOwn?: boolean;
}

/** Sends requests over connections that are kept and reused; opens one more when all are busy. */
export interface HttpClient extends Disposable {
  /** Never throws, and calls `onReply` exactly once, never before it returns. Nothing is sent a second time. */
  send(request: HttpRequest, onReply: OnReply): void;
  /** Ends all requests in flight with `cut off`. */
  cutOff(): void;
}

export function createHttpClient(address: HttpAddress): HttpClient {
  const idle: Connection[] = [];
  const busy = new Set<Connection>();
  // Reads are handled at once and one after the other, so that all connections can share one buffer.
  const readBuffer = Buffer.allocUnsafe(readBufferBytes);
  const events = {
    onIdle: (connection: Connection) => {
      busy.delete(connection);
      idle.push(connection);
    },
    onClosed: (connection: Connection) => {
      busy.delete(connection);
      const index = idle.indexOf(connection);
      if (index >= 0) idle.splice(index, 1);
    },
  };

  const sweeper = setInterval(() => {
    const now = performance.now();
    for (const connection of busy) {
      if (connection.deadline <= now) connection.close('timed out');
    }
  }, sweepMs);

  function open(): Connection {
    const { host, port, serverName, isOwn } = address;
    if (serverName !== undefined) {
      const name = isIP(serverName) === 0 ? { servername: serverName } : {};
      const socket = connectSecurely({
        host,
        port,
        ALPNProtocols: ['http/1.1'],
        rejectUnauthorized: isOwn !== true,
        ...name,
      });
      const connection = new Connection(socket, events);
      socket.on('data', (chunk: Buffer) => connection.receive(chunk));
      return connection;
    }
    const socket = connect({
      host,
      port,
      onread: {
        buffer: readBuffer,
        callback: (length) => {
          connection.receive(readBuffer.subarray(0, length));
          return true;
        },
      },
    });
    const connection = new Connection(socket, events);
    return connection;
  }

  function closeAll(): void {
    for (const connection of [...busy, ...idle]) connection.close();
  }

  return {
    send(request, onReply) {
      const connection = idle.pop() ?? open();
      busy.add(connection);
      connection.deadline = performance.now() + request.timeoutMs;
      connection.send(request, onReply);
    },
    cutOff: closeAll,
    [Symbol.dispose]() {
      clearInterval(sweeper);
      closeAll();
    },
  };
}
