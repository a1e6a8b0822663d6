import type { Readable } from 'node:stream';

export interface Frame {
  readonly stream: 'stdout' | 'stderr';
  readonly payload: Buffer;
}

const headerBytes = 8;

/**
 * Frames of a container's output without a terminal (Engine API, "Attach to a container", Stream format): one byte
 * for the stream, three of nothing, four for the length, then the payload.
 */
export async function* framesOf(stream: Readable): AsyncGenerator<Frame> {
  let pending: Buffer = Buffer.alloc(0);
  const chunks: AsyncIterable<Buffer> = stream;
  for await (const chunk of chunks) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    let start = 0;
    while (pending.length - start >= headerBytes) {
      const end = start + headerBytes + pending.readUInt32BE(start + 4);
      if (pending.length < end) break;
      const stream = pending[start] === 2 ? 'stderr' : 'stdout';
      yield { stream, payload: pending.subarray(start + headerBytes, end) };
      start = end;
    }
    pending = pending.subarray(start);
  }
}
