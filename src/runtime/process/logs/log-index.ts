import { readFileSync } from 'node:fs';

/** When a log had grown how far: up to `offset` bytes, everything was written at `time` or before. */
export interface LogMark {
  readonly offset: number;
  readonly time: number;
}

export function encodeMark(mark: LogMark): string {
  return `${mark.offset} ${mark.time}\n`;
}

/** The marks of an index file in order; a torn last line, or no file at all, only means fewer marks. */
export function readMarks(path: string): LogMark[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  const marks: LogMark[] = [];
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    const [offset, time] = line.split(' ').map(Number);
    if (offset !== undefined && time !== undefined && offset > (marks.at(-1)?.offset ?? -1))
      marks.push({ offset, time });
  }
  return marks;
}

/** Looks up times for offsets that only grow, in one pass over the marks. */
export class MarkCursor {
  readonly #marks: readonly LogMark[];
  readonly #fallback: number;
  #position = 0;

  /** @param fallback Time of what lies beyond the last mark. */
  constructor(marks: readonly LogMark[], fallback: number) {
    this.#marks = marks;
    this.#fallback = marks.at(-1)?.time ?? fallback;
  }

  /** Time at which the byte before `offset` was first seen. */
  timeAt(offset: number): number {
    while ((this.#marks[this.#position]?.offset ?? Infinity) < offset) this.#position++;
    return this.#marks[this.#position]?.time ?? this.#fallback;
  }
}
