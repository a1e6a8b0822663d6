import type { Duplex } from 'node:stream';

/** A client's connection, whatever carries it: a TCP socket, a TLS socket, or one stream of HTTP/2. */
export interface Wire extends Duplex {
  readonly remoteAddress?: string | undefined;
  readonly localAddress?: string | undefined;
  resetAndDestroy(): void;
  setKeepAlive(enable: boolean, initialDelayMs: number): void;
}
