import { rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { ProxyCore } from '../primary/proxy-core.ts';
import {
  type ControlOrder,
  type ControlResults,
  errorMessage,
  type Greeting,
  isControlRequest,
  protocolVersion,
} from './control-protocol.ts';
import { readJsonLines, writeJsonLine } from './json-lines.ts';

export interface ControlServer {
  /** Tells every controller that something changed. */
  announceChange(): void;
  readonly hasControllers: boolean;
  /** The socket file is still the one that this process made. */
  isReachable(): boolean;
  close(): void;
}

/** Opens the control socket, mode 0600. Throws when another proxy answers there. */
export async function openControlServer(
  socketPath: string,
  core: ProxyCore,
  onShutdown: (graceMs: number) => Promise<void>,
): Promise<ControlServer> {
  const controllers = new Set<Socket>();
  const startedAt = Date.now();
  const server = createServer((socket) => {
    controllers.add(socket);
    socket.on('close', () => controllers.delete(socket));
    socket.on('error', () => {});
    const workers = Array.from(core.workerPids);
    const greeting: Greeting = {
      proxy: 'tenfold',
      protocol: protocolVersion,
      pid: process.pid,
      workers,
      startedAt,
    };
    writeJsonLine(socket, greeting);
    readJsonLines(socket, (message) => {
      if (!isControlRequest(message)) {
        socket.destroy();
        return;
      }
      const { id, order } = message;
      carryOut(order, core, onShutdown).then(
        (result) => writeJsonLine(socket, { id, result }),
        (thrown: unknown) => writeJsonLine(socket, { id, error: errorMessage(thrown) }),
      );
    });
  });
  if (await isAnswered(socketPath)) throw new Error(`another process answers at ${socketPath}`);
  rmSync(socketPath, { force: true });
  await listen(server, socketPath);
  const inode = statSync(socketPath).ino;
  return {
    announceChange: () => {
      for (const socket of controllers) writeJsonLine(socket, { event: 'changed' });
    },
    get hasControllers() {
      return controllers.size > 0;
    },
    isReachable: () => statSync(socketPath, { throwIfNoEntry: false })?.ino === inode,
    close: () => {
      server.close();
      for (const socket of controllers) socket.end();
    },
  };
}

async function carryOut(
  order: ControlOrder,
  core: ProxyCore,
  onShutdown: (graceMs: number) => Promise<void>,
): Promise<ControlResults[ControlOrder['order']]> {
  switch (order.order) {
    case 'apply':
      await core.apply(order.table);
      return null;
    case 'observe':
      return core.observe();
    case 'table':
      return core.table;
    case 'workers':
      return core.workerPids;
    case 'shutdown':
      await onShutdown(order.graceMs);
      return null;
  }
}

function isAnswered(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function listen(server: Server, socketPath: string): Promise<void> {
  // The mode must be right from the first moment.
  const before = process.umask(0o177);
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  }).finally(() => process.umask(before));
}
