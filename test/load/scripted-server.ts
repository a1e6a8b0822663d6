import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';

/** A server that answers each request with what the test says, byte by byte as it says. */
export interface ScriptedServer extends AsyncDisposable {
  readonly port: number;
  /** Connections that were opened so far. */
  connections(): number;
}

/** `answer` is called with the socket and the number of the request on it, from 0, when a request's head is there. */
export async function scriptedServer(
  answer: (socket: Socket, request: number, text: string) => void,
): Promise<ScriptedServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    let requests = 0;
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      if (!text.includes('\r\n\r\n')) return;
      const whole = text;
      text = '';
      answer(socket, requests, whole);
      requests += 1;
    });
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
