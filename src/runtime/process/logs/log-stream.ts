import {
  appendFileSync,
  closeSync,
  copyFileSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { encodeMark, readMarks } from './log-index.ts';
import type { LogMark } from './log-index.ts';

export interface RotationPolicy {
  /** Size of one file, its index included, at which it is rotated. */
  readonly maxBytes: number;
  /** Files kept in all, at least 2: the one being written and those before it. */
  readonly maxFiles: number;
}

const recentMarks = 100;

/** A part of a log: its bytes are at `offset` of the file of that generation. */
export interface LogPosition {
  readonly generation: number;
  readonly offset: number;
}

/**
 * One output stream of one instance: a file that the replica itself appends to, so that it needs nobody to carry its
 * output, and an index that says when the file had grown how far.
 *
 * The time of a line is the file's modification time when the line was first seen there. That is right to the
 * interval of `note()`; what was written while nobody looked has the time of the last write before somebody did.
 *
 * The replica holds the file open and cannot be told to open another, so a full file is copied and then cut to
 * nothing; that works because it is written with O_APPEND. What the replica writes between the last byte
 * copied and the cut, microseconds later, is lost: the price of a log that does not depend on us. While nobody looks,
 * nobody rotates: the file grows until the next `note()`.
 */
export class LogStream {
  readonly path: string;
  readonly #rotation: RotationPolicy;
  #generation = 0;
  #size = 0;
  #indexBytes = 0;
  #cuts = 0;
  /** The newest marks, so that whoever follows need not read the index again and again. */
  #recent: LogMark[] = [];

  constructor(path: string, rotation: RotationPolicy) {
    this.path = path;
    this.#rotation = rotation;
    this.#size = readMarks(this.#indexPath(0)).at(-1)?.offset ?? 0;
    this.#indexBytes = sizeOf(this.#indexPath(0));
  }

  /** End of what has been noted. */
  get end(): LogPosition {
    return { generation: this.#generation, offset: this.#size };
  }

  /** Oldest generation that is kept; those before it are gone. */
  get oldestGeneration(): number {
    let age = 0;
    while (age + 1 < this.#rotation.maxFiles && sizeOf(this.#logPath(age + 1)) > 0) age++;
    return this.#generation - age;
  }

  /** How often somebody else has cut or removed the file; then it begins anew at offset 0. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Opens the file for a replica to append to. The caller closes it. */
  open(): number {
    return openSync(this.path, 'a', 0o600);
  }

  /** Ends a line that a replica left without its line break, lest the next one's first words join it. */
  endOpenLine(): void {
    const last = Buffer.alloc(1);
    try {
      const file = openSync(this.path, 'r');
      const { size } = fstatSync(file);
      if (size > 0) readSync(file, last, 0, 1, size - 1);
      closeSync(file);
      if (size > 0 && last.toString() !== '\n') appendFileSync(this.path, '\n');
    } catch {
      // No log, or a full disk: the line stays open, which is no reason to fail a start.
    }
  }

  /** Looks how far the file has grown, rotates it when it is full, and tells whether there is anything new. */
  note(): boolean {
    try {
      return this.#note();
    } catch {
      // A folder that we may no longer read, a disk that fails: the replica does not suffer from it, nor do the others.
      return false;
    }
  }

  /** Reads up to `buffer.length` bytes; 0 at the end of that generation, undefined when it is gone. */
  read(position: LogPosition, buffer: Uint8Array): number | undefined {
    if (position.generation < this.oldestGeneration) return undefined;
    const isCurrent = position.generation === this.#generation;
    const length = isCurrent ? Math.min(buffer.length, this.#size - position.offset) : buffer.length;
    if (length <= 0) return 0;
    let file: number;
    try {
      file = openSync(this.#logPath(this.#generation - position.generation), 'r');
    } catch {
      return 0;
    }
    try {
      return readSync(file, buffer, 0, length, position.offset);
    } finally {
      closeSync(file);
    }
  }

  /** Size of a generation in bytes, as far as noted. */
  sizeOf(generation: number): number {
    return generation === this.#generation
      ? this.#size
      : sizeOf(this.#logPath(this.#generation - generation));
  }

  /** Marks of the position's generation, of what lies behind it at least. */
  marksFrom({ generation, offset }: LogPosition): readonly LogMark[] {
    const [first] = this.#recent;
    if (generation === this.#generation && first !== undefined && first.offset <= offset) return this.#recent;
    return readMarks(this.#indexPath(this.#generation - generation));
  }

  /** Modification time of a generation's file, for what has no mark. */
  timeOf(generation: number): number {
    return lookAt(this.#logPath(this.#generation - generation)).time;
  }

  #note(): boolean {
    const { size, time } = lookAt(this.path);
    if (size === this.#size) return false;
    if (size < this.#size) {
      this.#begin();
      rmSync(this.#indexPath(0), { force: true });
      this.#cuts++;
    }
    if (size > 0) this.#mark({ offset: size, time });
    if (this.#size + this.#indexBytes > this.#rotation.maxBytes) this.#rotate();
    return true;
  }

  #mark(mark: LogMark): void {
    this.#size = mark.offset;
    this.#recent = [...this.#recent.slice(1 - recentMarks), mark];
    const line = encodeMark(mark);
    try {
      appendFileSync(this.#indexPath(0), line, { mode: 0o600 });
      this.#indexBytes += line.length;
    } catch {
      // A full disk makes times coarser, and ends no replica.
    }
  }

  /** The file is empty and has no marks. */
  #begin(): void {
    this.#size = 0;
    this.#indexBytes = 0;
    this.#recent = [];
  }

  #rotate(): void {
    try {
      for (let age = this.#rotation.maxFiles - 1; age > 1; age--) {
        moveIfThere(this.#logPath(age - 1), this.#logPath(age));
        moveIfThere(this.#indexPath(age - 1), this.#indexPath(age));
      }
      this.#copyAndCut();
    } catch {
      // No room for the copy: the file grows on, and the next look tries again.
      rmSync(this.#copyPath, { force: true });
    }
  }

  #copyAndCut(): void {
    copyFileSync(this.path, this.#copyPath);
    const file = openSync(this.path, 'r+');
    try {
      appendRest(file, this.#copyPath);
      ftruncateSync(file, 0);
    } finally {
      closeSync(file);
    }
    renameSync(this.#copyPath, this.#logPath(1));
    moveIfThere(this.#indexPath(0), this.#indexPath(1));
    this.#begin();
    this.#generation++;
  }

  get #copyPath(): string {
    return `${this.path}.copy`;
  }

  #logPath(age: number): string {
    return age === 0 ? this.path : `${this.path}.${age}`;
  }

  #indexPath(age: number): string {
    return `${this.path}.index${age === 0 ? '' : `.${age}`}`;
  }
}

/** Adds to the copy what has been written since it was made. */
function appendRest(file: number, copy: string): void {
  const buffer = Buffer.allocUnsafe(1 << 16);
  let offset = sizeOf(copy);
  for (let length; (length = readSync(file, buffer, 0, buffer.length, offset)) > 0; offset += length)
    appendFileSync(copy, buffer.subarray(0, length));
}

function moveIfThere(from: string, to: string): void {
  if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, to);
}

function sizeOf(path: string): number {
  return lookAt(path).size;
}

/** Size in bytes and modification time; of a file that is not there, 0. */
function lookAt(path: string): { readonly size: number; readonly time: number } {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? { size: 0, time: 0 } : { size: stats.size, time: Math.round(stats.mtimeMs) };
}
