import type { Duplex } from 'node:stream';

/** A client's connection, whatever carries it: a TCP socket, a TLS socket, or one stream of HTTP/2. */
export interface Wire extends Duplex {
  readonly remoteAddress?: string | undefined;
  readonly localAddress?: string | undefined;
  resetAndDestroy(): void;
  setKeepAlive(enable: boolean, initialDelayMs: number): void;
}

/** Ends the connection so that the other side sees a loss and no proper end. */
export function reset(wire: Wire): void {
  // While its shutdown is under way a socket cannot be reset: Node would neither close it nor ever tell of its end. All
  // that was written is with the kernel by then.
  const isShuttingDown = wire.writableEnded && wire.writableLength === 0 && !wire.writableFinished;
  if (isShuttingDown) wire.destroy();
  else wire.resetAndDestroy();
}
