import type { Socket } from 'node:net';
import { TLSSocket, type TLSSocketOptions } from 'node:tls';
import { isShuttingDown } from '../socket/wire.ts';

/** The TLS side of a client's socket. Unlike Node's own it can be reset. */
export class SecuredSocket extends TLSSocket {
  readonly #raw: Socket;
  #isReset = false;

  constructor(raw: Socket, options: TLSSocketOptions) {
    super(raw, options);
    this.#raw = raw;
  }

  override resetAndDestroy(): this {
    if (this.destroyed || this.#isReset) return this;
    this.#isReset = true;
    // Not from within an event of this socket: OpenSSL, which may be in the middle of a handshake, would go on with freed memory.
    setImmediate(() => {
      if (isShuttingDown(this)) super.destroy();
      else this.#raw.resetAndDestroy();
    });
    return this;
  }

  /** After a reset it waits for the end of the socket below, for the same reason. */
  override destroy(error?: Error): this {
    return this.#isReset && !this.#raw.closed ? this : super.destroy(error);
  }
}
