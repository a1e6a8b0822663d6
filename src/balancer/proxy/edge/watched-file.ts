import { type BigIntStats, readFileSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';

/**
 * Files that are read again when they change: they are looked at by name, as those who renew certificates replace them by
 * renaming or by moving a symbolic link, which no watch of the file itself would notice.
 */
export class WatchedFiles<Value> {
  readonly #paths: readonly string[];
  readonly #read: (contents: readonly string[]) => Value;
  readonly #changed: (value: Value) => void;
  #stamp = '';
  #isLooking = false;
  #lastFault = '';

  /** `read` may throw: then the value before stays in force, and the fault is logged. */
  constructor(
    paths: readonly string[],
    read: (contents: readonly string[]) => Value,
    changed: (value: Value) => void,
  ) {
    this.#paths = paths;
    this.#read = read;
    this.#changed = changed;
  }

  /** Reads them for the first time, at once: a table is in force only with what it names. */
  readNow(): void {
    try {
      this.#stamp = stampOf(this.#paths.map((path) => statSync(path, { bigint: true })));
      this.#changed(this.#read(this.#paths.map((path) => readFileSync(path, 'utf8'))));
    } catch (thrown) {
      this.#complain(thrown);
    }
  }

  /** Looks whether a file is another one now. Calls while it looks do nothing. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const stamp = stampOf(await Promise.all(this.#paths.map((path) => stat(path, { bigint: true }))));
      if (stamp === this.#stamp) return;
      const contents = await Promise.all(this.#paths.map((path) => readFile(path, 'utf8')));
      // What changed while it was read is read again at the next look.
      this.#stamp = stamp;
      this.#changed(this.#read(contents));
      this.#lastFault = '';
    } catch (thrown) {
      this.#complain(thrown);
    } finally {
      this.#isLooking = false;
    }
  }

  #complain(thrown: unknown): void {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    if (reason !== this.#lastFault) console.error(`${this.#paths.join(', ')}: not taken up: ${reason}`);
    this.#lastFault = reason;
  }
}

function stampOf(stats: readonly BigIntStats[]): string {
  return stats.map(({ ino, size, mtimeNs, ctimeNs }) => `${ino} ${size} ${mtimeNs} ${ctimeNs}`).join('\n');
}
