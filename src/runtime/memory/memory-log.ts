import { ChangeNotice } from '../change-notice.ts';
import type { LogLine, LogOptions } from '../runtime-driver.ts';

const maxLines = 1_000;

/** The last lines of one instance. */
export class MemoryLog {
  readonly #lines: LogLine[] = [];
  readonly #listeners = new Set<() => void>();
  /** Lines that were dropped because there were too many. */
  #dropped = 0;

  add(line: LogLine): void {
    this.#lines.push(line);
    if (this.#lines.length > maxLines) this.#dropped += this.#lines.splice(0, maxLines / 10).length;
    for (const listener of this.#listeners) listener();
  }

  async *read(options: LogOptions, signal: AbortSignal): AsyncGenerator<LogLine> {
    const { sinceMs = -Infinity, tail } = options;
    const more = new ChangeNotice(this.#listeners, signal);
    try {
      const past = this.#lines.filter(({ time }) => time >= sinceMs);
      let next = this.#dropped + this.#lines.length;
      yield* tail === undefined ? past : past.slice(Math.max(0, past.length - tail));
      while (options.follow && !signal.aborted) {
        const lines = this.#lines.slice(Math.max(0, next - this.#dropped));
        next = this.#dropped + this.#lines.length;
        yield* lines;
        if (!signal.aborted) await more.wait();
      }
    } finally {
      more.stop();
    }
  }
}
