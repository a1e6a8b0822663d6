import type { LogLine } from '../../runtime-driver.ts';
import { MarkCursor } from './log-index.ts';
import type { LogPosition, LogStream } from './log-stream.ts';

const chunkBytes = 1 << 16;
/** A longer line is given in pieces, so that a program that never ends a line cannot fill our memory. */
const maxLineBytes = 1 << 16;
const lineBreak = 0x0a;

export type LogLineOrigin = Pick<LogLine, 'service' | 'instance' | 'stream'>;

/** Reads one stream's lines from a position on, through rotations, as often as there is more. */
export class LogReader {
  readonly #stream: LogStream;
  readonly #origin: LogLineOrigin;
  #position: LogPosition;
  #cuts: number;
  /** Bytes before `#position` that belong to a line not yet ended. */
  #open: Buffer = Buffer.alloc(0);

  constructor(stream: LogStream, origin: LogLineOrigin, from: LogPosition) {
    this.#stream = stream;
    this.#origin = origin;
    this.#position = from;
    this.#cuts = stream.cuts;
  }

  /** The lines there are now. `isLast`: one that has not ended yet is given as it is. */
  *lines(isLast: boolean): Generator<LogLine> {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    if (this.#stream.cuts !== this.#cuts) this.#goTo(this.#stream.end.generation);
    let cursor = this.#cursor();
    for (;;) {
      const length = this.#stream.read(this.#position, chunk);
      if (length === undefined) {
        this.#goTo(this.#stream.oldestGeneration);
        cursor = this.#cursor();
      } else if (length > 0) {
        yield* this.#take(Buffer.from(chunk.subarray(0, length)), cursor);
      } else if (this.#position.generation < this.#stream.end.generation) {
        this.#position = { generation: this.#position.generation + 1, offset: 0 };
        cursor = this.#cursor();
      } else break;
    }
    if (isLast && this.#open.length > 0) {
      yield this.#line(this.#open, cursor.timeAt(this.#position.offset));
      this.#open = Buffer.alloc(0);
    }
  }

  *#take(chunk: Buffer, cursor: MarkCursor): Generator<LogLine> {
    const chunkOffset = this.#position.offset;
    this.#position = { ...this.#position, offset: chunkOffset + chunk.length };
    let begin = 0;
    for (let end; (end = chunk.indexOf(lineBreak, begin)) >= 0; begin = end + 1) {
      const bytes = Buffer.concat([this.#open, chunk.subarray(begin, end)]);
      this.#open = Buffer.alloc(0);
      yield this.#line(bytes, cursor.timeAt(chunkOffset + end + 1));
    }
    this.#open = Buffer.concat([this.#open, chunk.subarray(begin)]);
    if (this.#open.length >= maxLineBytes) {
      yield this.#line(this.#open, cursor.timeAt(chunkOffset + chunk.length));
      this.#open = Buffer.alloc(0);
    }
  }

  #line(bytes: Buffer, time: number): LogLine {
    return { ...this.#origin, time, text: bytes.toString('utf8') };
  }

  #cursor(): MarkCursor {
    const fallback = this.#stream.timeOf(this.#position.generation);
    return new MarkCursor(this.#stream.marksFrom(this.#position), fallback);
  }

  /** What lies between is lost: somebody cut the file, or we were too slow for its rotation. */
  #goTo(generation: number): void {
    this.#cuts = this.#stream.cuts;
    this.#position = { generation, offset: 0 };
    this.#open = Buffer.alloc(0);
  }
}

/** Where the last `count` lines of a stream begin; an unended line counts as one. */
export function positionOfLastLines(stream: LogStream, count: number): LogPosition {
  const chunk = Buffer.allocUnsafe(chunkBytes);
  const { end, oldestGeneration } = stream;
  if (count <= 0) return end;
  // The line break that ends the very last line begins none after it.
  let breaksLeft = count + (endsWithBreak(stream, end) ? 1 : 0);
  for (let { generation } = end; generation >= oldestGeneration; generation--)
    for (let high = stream.sizeOf(generation); high > 0; high -= Math.min(chunkBytes, high)) {
      const low = Math.max(0, high - chunkBytes);
      const length = stream.read({ generation, offset: low }, chunk.subarray(0, high - low)) ?? 0;
      for (let at = length - 1; at >= 0; at--)
        if (chunk[at] === lineBreak && --breaksLeft === 0) return { generation, offset: low + at + 1 };
    }
  return { generation: oldestGeneration, offset: 0 };
}

function endsWithBreak(stream: LogStream, end: LogPosition): boolean {
  const last = Buffer.alloc(1);
  let { generation, offset } = end;
  while (offset === 0 && generation > stream.oldestGeneration) offset = stream.sizeOf(--generation);
  return offset > 0 && stream.read({ generation, offset: offset - 1 }, last) === 1 && last[0] === lineBreak;
}

/** Lines of several readers, each in order of time, as one sequence in order of time. */
export function* mergeByTime(sources: readonly Iterator<LogLine>[]): Generator<LogLine> {
  const heads = sources.map((source) => source.next());
  for (;;) {
    let first: number | undefined;
    for (const [at, head] of heads.entries())
      if (!head.done && (first === undefined || head.value.time < timeOf(heads[first]))) first = at;
    if (first === undefined) return;
    const head = heads[first];
    const source = sources[first];
    if (head === undefined || head.done || source === undefined) return;
    yield head.value;
    heads[first] = source.next();
  }
}

function timeOf(head: IteratorResult<LogLine> | undefined): number {
  return head === undefined || head.done ? Infinity : head.value.time;
}
