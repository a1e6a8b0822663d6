import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A unix socket that passes everything on to another, until it is cut: for what is to become unreachable in a test. */
export interface UnixRelay extends AsyncDisposable {
  readonly path: string;
  /** Ends every connection and removes the socket. */
  cut(): Promise<void>;
  /** Listens again. */
  restore(): Promise<void>;
}

export async function startUnixRelay(path: string, target: string): Promise<UnixRelay> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
    }
  });

  const restore = async (): Promise<void> => {
    server.listen(path);
    await once(server, 'listening');
  };
  const cut = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    for (const socket of open) socket.destroy();
    await once(server, 'close');
  };
  await restore();
  return { path, cut, restore, [Symbol.asyncDispose]: cut };
}
