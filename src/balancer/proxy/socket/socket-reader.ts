import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import type { Writable } from 'node:stream';
import { holdEventTime, releaseEventTime } from './event-time.ts';

/** As much as the kernel is asked for at a time. */
const readBytes = 65_536;
/** After a read of this size more of the kind is to come. */
const bulkBytes = 16_384;
const maxSpares = 64;

/** Reading is synchronous, so one buffer serves all connections of the process, and no read costs an allocation. */
const sharedBuffer = Buffer.allocUnsafeSlow(readBytes);
const spareBuffers: Buffer[] = [];

/** Whether what is being handled lies in its reader's own buffer, and whether it is still needed there afterwards. */
let isOwn = false;
let isLent = false;

/** The beginnings of the shared buffer that small reads fill, each made once. */
const beginnings: (Buffer | undefined)[] = Array.from({ length: 1_024 }, () => undefined);

function beginningOf(count: number): Buffer {
  if (count >= beginnings.length) return sharedBuffer.subarray(0, count);
  return (beginnings[count] ??= sharedBuffer.subarray(0, count));
}

/**
 * Reads from one socket, into the shared buffer; in the midst of a large body into one of its own, which can be written on
 * without a copy. Either way the bytes are `received`'s during its call only.
 */
export class SocketReader {
  readonly onread: OnReadOpts;
  readonly #received: (bytes: Buffer) => void;
  #own: Buffer | undefined;
  #isBulk = false;

  constructor(received: (bytes: Buffer) => void) {
    this.#received = received;
    // Node asks for the buffer of the next read as soon as this one is handled.
    this.onread = { buffer: () => this.#nextBuffer(), callback: (count) => this.#read(count) };
  }

  #read(count: number): boolean {
    this.#isBulk = count >= bulkBytes;
    isOwn = this.#own !== undefined;
    isLent = false;
    holdEventTime();
    this.#received(this.#own === undefined ? beginningOf(count) : this.#own.subarray(0, count));
    releaseEventTime();
    isOwn = false;
    return true;
  }

  #nextBuffer(): Buffer {
    const own = this.#own;
    if (this.#isBulk) {
      if (own === undefined || isLent) this.#own = spareBuffers.pop() ?? Buffer.allocUnsafeSlow(readBytes);
    } else if (own !== undefined) {
      if (!isLent && spareBuffers.length < maxSpares) spareBuffers.push(own);
      this.#own = undefined;
    }
    return this.#own ?? sharedBuffer;
  }
}

/**
 * Writes bytes that are being handled. What the kernel does not take at once stays where it is until it does, so they are
 * copied first unless their place can be left to them.
 */
export function writeReceived(socket: Writable, bytes: Buffer): boolean {
  if (!isOwn) return socket.write(Buffer.from(bytes));
  const canTakeMore = socket.write(bytes);
  if (socket.writableLength > 0) isLent = true;
  return canTakeMore;
}

interface HandleHolder {
  _handle: NonNullable<SocketConstructorOpts['handle']> | null;
}

function hasHandle(socket: object): socket is HandleHolder {
  return '_handle' in socket && typeof socket._handle === 'object' && socket._handle !== null;
}

/**
 * The accepted socket, paused, as one that the reader reads: a server has no `onread` option, so the connection moves to a
 * second socket. The first must have been accepted with `pauseOnConnect` and is dead afterwards.
 */
export function adoptSocket(accepted: Socket, reader: SocketReader): Socket {
  // Where it is closed already, it says so by itself.
  if (!hasHandle(accepted) || accepted._handle === null) return accepted;
  const handle = accepted._handle;
  accepted._handle = null;
  const options = { handle, allowHalfOpen: true, pauseOnCreate: true, onread: reader.onread };
  return new Socket(options);
}

/**
 * Hands bytes on to whoever listens for `data`, which a socket with a buffer of its own does not emit: a tunnel that took
 * the socket over.
 */
export function emitData(socket: Writable, bytes: Buffer): void {
  socket.emit('data', Buffer.from(bytes));
}
