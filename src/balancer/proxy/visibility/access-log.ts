import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../../../shared/errors.ts';
import { makeFolder } from '../../../shared/make-folder.ts';

/** Lines that wait for the disk, over which new ones are dropped. */
const maxWaitingBytes = 1 << 20;

/**
 * Appends the lines of one worker to a file, a batch at a time and beside the traffic; other workers append to the same file.
 * The main process moves it away when it is large, and then the next batch begins a new one.
 */
export class AccessLog {
  readonly path: string;
  /** Lines. */
  written = 0;
  dropped = 0;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #file: FileHandle | undefined;
  #inode = 0;
  #writing: Promise<void> | undefined;
  #isFailing = false;

  constructor(path: string) {
    this.path = path;
  }

  add(line: string): void {
    if (this.#waitingBytes + line.length > maxWaitingBytes) {
      this.dropped++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
  }

  /** Begins to write what waits, unless the batch before is still being written. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    await this.#writing;
    if (this.#waiting.length > 0) await this.#write();
    await this.#file?.close().catch(() => {});
    this.#file = undefined;
  }

  async #write(): Promise<void> {
    const lines = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      const file = await this.#opened();
      await file.appendFile(lines.join(''));
      this.written += lines.length;
      this.#isFailing = false;
    } catch (thrown) {
      this.dropped += lines.length;
      await this.#file?.close().catch(() => {});
      this.#file = undefined;
      if (!this.#isFailing)
        console.error(`the access log ${this.path} cannot be written: ${messageOf(thrown)}`);
      this.#isFailing = true;
    }
  }

  /** The file at the path, which is another one once it was moved away. */
  async #opened(): Promise<FileHandle> {
    const present = await stat(this.path).catch(() => undefined);
    if (this.#file !== undefined && present?.ino === this.#inode) return this.#file;
    await this.#file?.close();
    this.#file = undefined;
    makeFolder(dirname(this.path));
    const file = await open(this.path, 'a', 0o600);
    this.#file = file;
    this.#inode = (await file.stat()).ino;
    return file;
  }
}
