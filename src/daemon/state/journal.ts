import { createReadStream } from 'node:fs';
import { appendFile, rename, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { StackEvent } from '../control-api.ts';

/** Beyond this the journal becomes `journal.jsonl.1` and a new one is begun. */
const maxBytes = 16 * 1024 * 1024;

type Subscriber = (event: StackEvent) => void;

/** The append-only record of what happened, one JSON object a line. */
export class Journal implements AsyncDisposable {
  readonly #path: string;
  readonly #subscribers = new Set<Subscriber>();
  readonly #onFailure: (thrown: unknown) => void;
  #pending: string[] = [];
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, onFailure: (thrown: unknown) => void) {
    this.#path = path;
    this.#onFailure = onFailure;
  }

  append(event: StackEvent): void {
    this.#pending.push(`${JSON.stringify(event)}\n`);
    if (this.#pending.length === 1) this.#writing = this.#writing.then(() => this.#write());
    for (const subscriber of this.#subscribers) subscriber(event);
  }

  subscribe(subscriber: Subscriber): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  /** Events at or after a time, milliseconds since the epoch, oldest first. Lines that are torn are passed over. */
  async *read(sinceMs: number): AsyncGenerator<StackEvent> {
    await this.#writing;
    for (const path of [`${this.#path}.1`, this.#path]) {
      try {
        for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
          const event = parseEvent(line);
          if (event !== undefined && event.time >= sinceMs) yield event;
        }
      } catch (thrown) {
        if (!(thrown instanceof Error) || !('code' in thrown) || thrown.code !== 'ENOENT') throw thrown;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    const lines = this.#pending;
    this.#pending = [];
    try {
      const size = await stat(this.#path).then(
        ({ size }) => size,
        () => 0,
      );
      if (size > maxBytes) await rename(this.#path, `${this.#path}.1`);
      await appendFile(this.#path, lines.join(''), { mode: 0o600 });
    } catch (thrown) {
      this.#onFailure(thrown);
    }
  }
}

const eventShape = z.custom<StackEvent>(
  (value) =>
    z.object({ time: z.number(), stack: z.string(), kind: z.string(), message: z.string() }).safeParse(value)
      .success,
);

function parseEvent(line: string): StackEvent | undefined {
  try {
    return eventShape.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
