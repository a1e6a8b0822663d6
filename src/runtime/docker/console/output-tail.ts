const maxBytes = 64 * 1024;

/** The last 64 KiB of an output. */
export class OutputTail {
  #chunks: Buffer[] = [];
  #size = 0;

  add(chunk: Buffer): void {
    // Copied: a chunk is a view on a larger buffer that would stay alive with it.
    this.#chunks.push(Buffer.from(chunk));
    this.#size += chunk.length;
    if (this.#size > maxBytes * 2) {
      this.#chunks = [this.#last()];
      this.#size = maxBytes;
    }
  }

  text(): string {
    return this.#last().toString('utf8');
  }

  #last(): Buffer {
    const all = Buffer.concat(this.#chunks);
    return all.subarray(Math.max(0, all.length - maxBytes));
  }
}
