import { createReadStream } from 'node:fs';
import { appendFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import {
  advance,
  type AutoscaleRecord,
  type HistoryPosition,
  type PolicyRecord,
} from '../../autoscale/record.ts';
import { parseRecord, timeOf } from '../../autoscale/record-line.ts';
import { makeFolder } from '../../shared/make-folder.ts';

/** Two files of this size for each service: some days of a decision every 15 s. */
const defaultMaxBytes = 16 * 1024 * 1024;

/** The decisions on one service on disk, one JSON object a line. Each file begins with the policy and the state it needs. */
export class AutoscaleHistory {
  readonly #path: string;
  readonly #maxBytes: number;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, maxBytes = defaultMaxBytes) {
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  /** Adds records; `beginning` is written before them where a file is begun. Throws what the file system throws. */
  append(records: readonly AutoscaleRecord[], beginning: PolicyRecord): Promise<void> {
    const written = this.#writing.then(() => this.#append(records, beginning));
    this.#writing = written.catch(() => undefined);
    return written;
  }

  /** From a time on, milliseconds since the epoch, oldest first, with the policy and the state of that time before it. */
  async *read(since: number): AsyncGenerator<AutoscaleRecord> {
    await this.#writing;
    let position: HistoryPosition | undefined;
    let isBegun = false;
    for await (const record of this.#records()) {
      if (timeOf(record) < since) {
        position = advance(position, record);
        continue;
      }
      if (!isBegun && record.type === 'decision' && position !== undefined) {
        const { stack, service, input } = record;
        yield { type: 'policy', time: input.now, stack, service, ...position };
      }
      isBegun = true;
      yield record;
    }
  }

  async *#records(): AsyncGenerator<AutoscaleRecord> {
    for (const path of [`${this.#path}.1`, this.#path]) {
      try {
        for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
          const record = parseRecord(line);
          if (record !== undefined) yield record;
        }
      } catch (thrown) {
        if (!(thrown instanceof Error) || !('code' in thrown) || thrown.code !== 'ENOENT') throw thrown;
      }
    }
  }

  async #append(records: readonly AutoscaleRecord[], beginning: PolicyRecord): Promise<void> {
    makeFolder(dirname(this.#path));
    const size = await stat(this.#path).then(
      ({ size }) => size,
      () => 0,
    );
    const isFull = size > this.#maxBytes;
    if (isFull) await rename(this.#path, `${this.#path}.1`);
    const all = isFull || size === 0 ? [beginning, ...records] : records;
    await appendFile(this.#path, all.map((record) => `${JSON.stringify(record)}\n`).join(''), {
      mode: 0o600,
    });
  }
}
