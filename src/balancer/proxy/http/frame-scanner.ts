const part = { first: 0, length: 1, extendedLength: 2, payload: 3 } as const;
const closeOpcode = 0x8;

/** Finds where the frames of a WebSocket end (RFC 6455 section 5.2), in buffers that may be split anywhere; copies nothing. */
export class FrameScanner {
  #part: number = part.first;
  #remaining = 0;
  #lengthBytes = 0;
  #maskBytes = 0;
  /** A close frame has begun: none may follow. */
  hasClosed = false;

  get isBetweenFrames(): boolean {
    return this.#part === part.first;
  }

  /** Returns the index after what was read: all of the bytes, or up to the end of the frame when `stopsBetween`. */
  take(bytes: Buffer, stopsBetween: boolean): number {
    let position = 0;
    while (position < bytes.length) {
      if (stopsBetween && this.isBetweenFrames) break;
      if (this.#part === part.payload) {
        const taken = Math.min(this.#remaining, bytes.length - position);
        this.#remaining -= taken;
        position += taken;
        if (this.#remaining === 0) this.#part = part.first;
      } else this.#headerByte(bytes[position++] ?? 0);
    }
    return position;
  }

  #headerByte(byte: number): void {
    switch (this.#part) {
      case part.first:
        if ((byte & 0x0f) === closeOpcode) this.hasClosed = true;
        this.#part = part.length;
        return;
      case part.length: {
        const length = byte & 0x7f;
        this.#maskBytes = (byte & 0x80) === 0 ? 0 : 4;
        this.#lengthBytes = length === 127 ? 8 : length === 126 ? 2 : 0;
        this.#remaining = this.#lengthBytes === 0 ? length : 0;
        break;
      }
      default:
        this.#lengthBytes--;
        this.#remaining = this.#remaining * 256 + byte;
    }
    if (this.#lengthBytes > 0) this.#part = part.extendedLength;
    else this.#beginPayload();
  }

  #beginPayload(): void {
    this.#remaining += this.#maskBytes;
    this.#part = this.#remaining === 0 ? part.first : part.payload;
  }
}
