import { crc32 } from 'node:zlib';
import { z } from 'zod';
import type { Layout, PackedSample } from '../window/packed-sample.ts';
import { unpackSample } from '../window/packed-sample.ts';

/** First bytes of every segment: what it is, and in which version. */
const header = Buffer.from('tenfold metrics 1\n');
const frameBytes = 8;
/** No layout and no sample of ours is longer. */
const maxRecordBytes = 16 << 20;
const layoutRecord = 1;
const sampleRecord = 2;

const layoutShape = z.object({
  stack: z.string(),
  service: z.string(),
  replicas: z.array(
    z.object({ replicaId: z.string(), instance: z.string(), revision: z.string(), startedAt: z.number() }),
  ),
});

/**
 * Writes samples as the bytes of one file: a header, then records of length, CRC-32 and content. A layout stands in its own
 * record before the first sample that has it, so that each file can be read by itself.
 */
export class SegmentEncoder {
  readonly #numbers = new Map<Layout, number>();
  #hasBegun = false;

  encode(samples: readonly PackedSample[]): Buffer {
    const pieces: Buffer[] = this.#hasBegun ? [] : [header];
    this.#hasBegun = true;
    for (const { time, layout, numbers } of samples) {
      let number = this.#numbers.get(layout);
      if (number === undefined) {
        number = this.#numbers.size;
        this.#numbers.set(layout, number);
        pieces.push(frame(layoutRecord, Buffer.from(JSON.stringify(layout))));
      }
      const lead = Buffer.alloc(12);
      lead.writeUInt32LE(number, 0);
      lead.writeDoubleLE(time, 4);
      pieces.push(frame(sampleRecord, Buffer.concat([lead, numbers])));
    }
    return Buffer.concat(pieces);
  }
}

function frame(type: number, content: Buffer): Buffer {
  const record = Buffer.allocUnsafe(frameBytes + 1 + content.length);
  record.writeUInt32LE(1 + content.length, 0);
  record.writeUInt8(type, frameBytes);
  content.copy(record, frameBytes + 1);
  record.writeUInt32LE(crc32(record.subarray(frameBytes)), 4);
  return record;
}

export type SegmentContent =
  | { readonly kind: 'samples'; readonly samples: readonly PackedSample[] }
  /** Not ours, or damaged. A record that the end of the file cuts off is neither: its writer died. */
  | { readonly kind: 'corrupt'; readonly reason: string };

/** `isWanted` spares the trouble of keeping what nobody asked for. */
export function decodeSegment(bytes: Buffer, isWanted: (layout: Layout) => boolean): SegmentContent {
  if (bytes.length < header.length)
    return header.subarray(0, bytes.length).equals(bytes)
      ? { kind: 'samples', samples: [] }
      : { kind: 'corrupt', reason: 'it does not begin as a metrics file does' };
  if (!bytes.subarray(0, header.length).equals(header))
    return { kind: 'corrupt', reason: 'it does not begin as a metrics file does' };
  const layouts: (Layout | undefined)[] = [];
  const samples: PackedSample[] = [];
  let position = header.length;
  const corrupt = (what: string): SegmentContent => ({
    kind: 'corrupt',
    reason: `${what} at byte ${position}`,
  });
  while (position + frameBytes < bytes.length) {
    const length = bytes.readUInt32LE(position);
    const end = position + frameBytes + length;
    if (length === 0 || length > maxRecordBytes) return corrupt('a record of an impossible length');
    if (end > bytes.length) break;
    const record = bytes.subarray(position + frameBytes, end);
    if (crc32(record) !== bytes.readUInt32LE(position + 4)) {
      // Blocks of the last write may be missing after a power cut.
      if (end === bytes.length) break;
      return corrupt('a record whose checksum is wrong');
    }
    const content = record.subarray(1);
    if (record[0] === layoutRecord) {
      const layout = layoutOf(content);
      if (layout === undefined) return corrupt('a layout that cannot be read');
      layouts.push(isWanted(layout) ? layout : undefined);
    } else if (record[0] === sampleRecord && content.length >= 12) {
      const layout = layouts[content.readUInt32LE(0)];
      if (layout !== undefined)
        samples.push({
          layout,
          time: content.readDoubleLE(4),
          numbers: new Uint8Array(content.subarray(12)),
        });
    } else return corrupt('a record of an unknown kind');
    position = end;
  }
  return samples.every(isWhole)
    ? { kind: 'samples', samples }
    : { kind: 'corrupt', reason: 'it holds a sample that cannot be read' };
}

function layoutOf(content: Buffer): Layout | undefined {
  try {
    return layoutShape.safeParse(JSON.parse(content.toString())).data;
  } catch {
    return undefined;
  }
}

function isWhole(sample: PackedSample): boolean {
  try {
    unpackSample(sample);
    return true;
  } catch {
    return false;
  }
}
