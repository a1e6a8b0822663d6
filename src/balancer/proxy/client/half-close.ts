import type { Wire } from '../socket/wire.ts';

const firstProbeAfterMs = 500;
/** A response that has begun and then pauses is given up after this time when the client has ended its side. */
const idleResponseMs = 1_000;

/**
 * A client that ended its side may still wait for the response (half-close), or be gone; TCP shows the same. Before the
 * response begins, an interim response, which every HTTP/1.1 client must ignore (RFC 9110 section 15.2), finds out: one that
 * is gone resets the connection.
 */
export class HalfClose {
  readonly #socket: Wire;
  #isEnded = false;
  #nextProbeAt = 0;
  #probeEveryMs = firstProbeAfterMs;

  constructor(socket: Wire) {
    this.#socket = socket;
  }

  get hasEnded(): boolean {
    return this.#isEnded;
  }

  began(now: number): void {
    this.#isEnded = true;
    this.#nextProbeAt = now + firstProbeAfterMs;
  }

  /** Sends a probe when one is due. True: nobody waits for the response any more. */
  isClientGone(now: number, isResponding: boolean, silentMs: number, isHttp10: boolean): boolean {
    if (!this.#isEnded) return false;
    if (isResponding) return silentMs > idleResponseMs && now > this.#nextProbeAt;
    if (!isHttp10 && now >= this.#nextProbeAt) {
      this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      this.#nextProbeAt = now + this.#probeEveryMs;
      this.#probeEveryMs *= 2;
    }
    return false;
  }
}
