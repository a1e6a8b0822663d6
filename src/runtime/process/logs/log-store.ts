import { closeSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { LogLine, LogOptions } from '../../runtime-driver.ts';
import { messageOf, TenfoldError } from '../../../shared/errors.ts';
import { ChangeNotice } from '../../change-notice.ts';
import { fileNameOf } from '../records/file-name.ts';
import { LogReader, mergeByTime, positionOfLastLines } from './log-reader.ts';
import { LogStream } from './log-stream.ts';
import type { RotationPolicy } from './log-stream.ts';

/** Whose log it is. All replicas that an instance ever has share one. */
export interface LogOwner {
  readonly stack: string;
  readonly service: string;
  readonly instance: string;
}

interface InstanceLog {
  readonly stdout: LogStream;
  readonly stderr: LogStream;
  /** Living replicas that write to it. */
  writers: number;
  /** Called when there is more. */
  readonly listeners: Set<() => void>;
}

const linesPerTurn = 1000;
/** The kernel takes the times of files from a clock that ticks a few times in ten milliseconds only. */
const fileClockLagMs = 10;
const defaultRotation: RotationPolicy = { maxBytes: 10 << 20, maxFiles: 3 };

/**
 * The logs of all process replicas: `<directory>/<stack>/<instance>.stdout.log` and `.stderr.log`, with an index and
 * rotated files beside each. `look()` has to be called a few times a second while replicas live.
 */
export class LogStore {
  readonly #directory: string;
  readonly #rotation: RotationPolicy;
  readonly #logs = new Map<string, InstanceLog>();

  constructor(directory: string, rotation: RotationPolicy = defaultRotation) {
    this.#directory = directory;
    this.#rotation = rotation;
  }

  /** Files for a replica's output to be appended to; the caller closes them. Throws `state-write-failed`. */
  open(owner: LogOwner): { readonly stdout: number; readonly stderr: number } {
    const folder = this.#folderOf(owner.stack);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const log = this.#logOf(owner);
      // What a replica left that ended while nobody watched.
      if (log.writers === 0) endLines(log);
      const stdout = log.stdout.open();
      try {
        return { stdout, stderr: log.stderr.open() };
      } catch (thrown) {
        closeSync(stdout);
        throw thrown;
      }
    } catch (thrown) {
      throw new TenfoldError('state-write-failed', `the log of ${owner.instance} cannot be written`, {
        expected: `a folder ${folder} with room in it`,
        got: messageOf(thrown),
        hint: 'make room on that disk, or check the permissions of the folder, and try again',
        cause: thrown,
      });
    }
  }

  /** From now on a living replica writes to it. */
  addWriter(owner: LogOwner): void {
    this.#logOf(owner).writers++;
  }

  /** A replica has ended, and with it the last line it wrote. */
  removeWriter(owner: LogOwner): void {
    const log = this.#logOf(owner);
    log.writers--;
    if (log.writers === 0) endLines(log);
    else this.#noteAndTell(log);
  }

  /** Takes notice of what living replicas have written. */
  look(): void {
    for (const log of this.#logs.values()) if (log.writers > 0) this.#noteAndTell(log);
  }

  /** Lines in order of time, as far as times are known; with `follow` until the signal aborts. */
  async *read(owner: LogOwner, options: LogOptions, signal: AbortSignal): AsyncGenerator<LogLine> {
    const log = this.#logOf(owner);
    const more = new ChangeNotice(log.listeners, signal);
    this.#noteAndTell(log);
    const readers = (['stdout', 'stderr'] as const).map((name) => {
      const stream = log[name];
      const from =
        options.tail === undefined
          ? { generation: stream.oldestGeneration, offset: 0 }
          : positionOfLastLines(stream, options.tail);
      return new LogReader(stream, { service: owner.service, instance: owner.instance, stream: name }, from);
    });
    const lines = (isLast: boolean) => mergeByTime(readers.map((reader) => reader.lines(isLast)));

    try {
      yield* inTurns(selectPast(lines(!options.follow), options), signal);
      while (options.follow && !signal.aborted) {
        await more.wait();
        yield* inTurns(lines(false), signal);
      }
    } finally {
      more.stop();
    }
  }

  /** Removes the logs of the whole stack. */
  async removeStack(stack: string): Promise<void> {
    await rm(this.#folderOf(stack), { recursive: true, force: true });
    for (const [key, log] of this.#logs) {
      if (!key.startsWith(`${stack}/`)) continue;
      this.#noteAndTell(log);
      // Whoever follows goes on with what comes when the stack is started again.
      if (log.listeners.size === 0 && log.writers === 0) this.#logs.delete(key);
    }
  }

  #noteAndTell(log: InstanceLog): void {
    const hasOut = log.stdout.note();
    const hasErr = log.stderr.note();
    if (hasOut || hasErr) tell(log);
  }

  #logOf(owner: LogOwner): InstanceLog {
    const key = `${owner.stack}/${owner.instance}`;
    const known = this.#logs.get(key);
    if (known !== undefined) return known;
    const path = join(this.#folderOf(owner.stack), fileNameOf(owner.instance));
    const log: InstanceLog = {
      stdout: new LogStream(`${path}.stdout.log`, this.#rotation),
      stderr: new LogStream(`${path}.stderr.log`, this.#rotation),
      writers: 0,
      listeners: new Set(),
    };
    this.#logs.set(key, log);
    return log;
  }

  #folderOf(stack: string): string {
    return join(this.#directory, fileNameOf(stack));
  }
}

function endLines(log: InstanceLog): void {
  for (const stream of [log.stdout, log.stderr]) {
    // Noted before the line is ended, so that it keeps the time at which the replica wrote it.
    stream.note();
    stream.endOpenLine();
    stream.note();
  }
  tell(log);
}

function tell({ listeners }: InstanceLog): void {
  for (const listener of listeners) listener();
}

/** What is there already, since a time and no more than the last few. */
function selectPast(lines: Iterable<LogLine>, options: LogOptions): Iterable<LogLine> {
  const { sinceMs, tail } = options;
  const selected = sinceMs === undefined ? lines : since(lines, sinceMs);
  if (tail === undefined) return selected;
  return tail <= 0 ? [] : [...selected].slice(-tail);
}

function* since(lines: Iterable<LogLine>, sinceMs: number): Generator<LogLine> {
  for (const line of lines) if (line.time >= sinceMs - fileClockLagMs) yield line;
}

/** Lets the rest of the process work between many lines, and stops when nobody wants more. */
async function* inTurns(lines: Iterable<LogLine>, signal: AbortSignal): AsyncGenerator<LogLine> {
  let count = 0;
  for (const line of lines) {
    if (signal.aborted) return;
    yield line;
    if (++count % linesPerTurn === 0) await setImmediate();
  }
}
