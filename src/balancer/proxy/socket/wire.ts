import type { Duplex } from 'node:stream';

/** A client's connection, whatever carries it: a TCP socket, a TLS socket, or one stream of HTTP/2. */
export interface Wire extends Duplex {
  readonly remoteAddress?: string | undefined;
  readonly localAddress?: string | undefined;
  resetAndDestroy(): void;
  setKeepAlive(enable: boolean, initialDelayMs: number): void;
  /** Calls back when nothing was sent or came for so long. */
  setTimeout(timeoutMs: number, callback: () => void): void;
}

/**
 * Whether all that was written is with the kernel, and the end of it on its way there. Node neither closes a socket that is
 * reset meanwhile nor ever tells of its end, and a process that has one spins instead of ending.
 */
export function isShuttingDown(wire: Duplex): boolean {
  return wire.writableEnded && wire.writableLength === 0 && !wire.writableFinished;
}

/** Ends the connection so that the other side sees a loss and no proper end. */
export function reset(wire: Wire): void {
  if (isShuttingDown(wire)) wire.destroy();
  else wire.resetAndDestroy();
}
