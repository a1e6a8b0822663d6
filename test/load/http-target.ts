import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';

/** A server on loopback that a test loads. */
export interface HttpTarget extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
}

export async function startTarget(listener: RequestListener): Promise<HttpTarget> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
