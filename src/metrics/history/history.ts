import { appendFile, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import { makeFolder } from '../../shared/make-folder.ts';
import type { Layout, PackedSample } from '../window/packed-sample.ts';
import { decodeSegment, SegmentEncoder } from './segment.ts';
import { formatSegmentName, parseSegmentName, type SegmentName, type Tier, tierFor, tiers } from './tier.ts';

/** All files together; the oldest go first. */
const defaultMaxBytes = 256 << 20;

interface OpenFile {
  readonly path: string;
  readonly startedAt: number;
  readonly encoder: SegmentEncoder;
}

interface Course {
  readonly tier: Tier;
  dueAt: number;
  file: OpenFile | undefined;
}

export interface HistoryOptions {
  /** Absolute; made when something is first written. */
  readonly directory: string;
  /** Told, a line each, what went wrong; the history goes on without it. */
  readonly onWarning: (line: string) => void;
  readonly maxBytes?: number;
}

/** Samples of the last day on disk, thinned out. Each daemon writes files of its own and reads those of all before it. */
export class MetricsHistory {
  readonly #options: HistoryOptions;
  readonly #courses: readonly Course[] = tiers.map((tier) => ({ tier, dueAt: 0, file: undefined }));
  #writing: Promise<unknown> = Promise.resolve();
  #isFailing = false;

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  /** Resolves when nothing is left to be written. */
  async written(): Promise<void> {
    await this.#writing;
  }

  /** Keeps the samples of one moment in each resolution whose turn it is; resolves when they are written. */
  add(time: number, samples: readonly PackedSample[]): Promise<unknown> {
    const due = this.#courses.filter((course) => {
      // The clock was set back: what stands in the future is no reason to be silent till then.
      if (course.dueAt > time + 2 * course.tier.everyMs) course.dueAt = 0;
      return time >= course.dueAt;
    });
    if (due.length === 0 || samples.length === 0) return this.#writing;
    for (const course of due) course.dueAt = time - (time % course.tier.everyMs) + course.tier.everyMs;
    this.#writing = this.#writing.then(() => this.#write(due, time, samples));
    return this.#writing;
  }

  /** Samples with `from` ≤ time ≤ `to` in the finest resolution that reaches back so far, oldest first. */
  async read(
    from: number,
    to: number,
    now: number,
    isWanted: (layout: Layout) => boolean,
  ): Promise<readonly PackedSample[]> {
    await this.#writing;
    const tier = tierFor(from, now);
    if (tier === undefined) return [];
    const files = (await this.#files()).filter(
      ({ name }) =>
        name.tier === tier && name.startedAt <= to && name.startedAt + tier.fileMs + tier.everyMs >= from,
    );
    const samples = await Promise.all(files.map(({ path }) => this.#readFile(path, isWanted)));
    return samples
      .flat()
      .filter(({ time }) => time >= from && time <= to)
      .sort((one, other) => one.time - other.time);
  }

  async #readFile(path: string, isWanted: (layout: Layout) => boolean): Promise<readonly PackedSample[]> {
    try {
      const content = decodeSegment(await readFile(path), isWanted);
      if (content.kind === 'samples') return content.samples;
      await rename(path, `${path}.bad`);
      this.#forget(path);
      this.#options.onWarning(`${path} cannot be used (${content.reason}); it was set aside as ${path}.bad`);
    } catch (thrown) {
      // Removed since it was listed, because it is too old.
      if (!isAbsent(thrown)) this.#options.onWarning(`${path} cannot be read: ${messageOf(thrown)}`);
    }
    return [];
  }

  /** A file that was set aside is not written on. */
  #forget(path: string): void {
    for (const course of this.#courses) if (course.file?.path === path) course.file = undefined;
  }

  async #write(due: readonly Course[], time: number, samples: readonly PackedSample[]): Promise<void> {
    for (const course of due) {
      try {
        const { path, encoder } = this.#fileFor(course, time);
        await appendFile(path, encoder.encode(samples), { mode: 0o600 });
        this.#isFailing = false;
      } catch (thrown) {
        // What was written may be half: nothing after it could be read.
        course.file = undefined;
        this.#warn(`metrics cannot be kept: ${messageOf(thrown)}`);
      }
    }
  }

  /** Once, until something is written again. */
  #warn(line: string): void {
    if (!this.#isFailing) this.#options.onWarning(line);
    this.#isFailing = true;
  }

  #fileFor(course: Course, time: number): OpenFile {
    const { file, tier } = course;
    if (file !== undefined && time >= file.startedAt && time - file.startedAt < tier.fileMs) return file;
    makeFolder(this.#options.directory);
    void this.#removeOld(time);
    const path = join(this.#options.directory, formatSegmentName({ tier, startedAt: time }));
    course.file = { path, startedAt: time, encoder: new SegmentEncoder() };
    return course.file;
  }

  async #removeOld(now: number): Promise<void> {
    const files = await this.#files();
    const newestFirst = files.toSorted((one, other) => other.name.startedAt - one.name.startedAt);
    let bytes = 0;
    for (const { name, path } of newestFirst) {
      bytes += await stat(path).then(
        ({ size }) => size,
        () => 0,
      );
      const isOld = now - name.startedAt > name.tier.keptMs + name.tier.fileMs;
      if (isOld || bytes > (this.#options.maxBytes ?? defaultMaxBytes))
        await rm(path, { force: true }).catch(() => {});
    }
  }

  async #files(): Promise<readonly { readonly name: SegmentName; readonly path: string }[]> {
    const names = await readdir(this.#options.directory).catch((thrown: unknown) => {
      if (!isAbsent(thrown)) this.#warn(`metrics cannot be read: ${messageOf(thrown)}`);
      return [];
    });
    return names.flatMap((text) => {
      const name = parseSegmentName(text);
      return name === undefined ? [] : [{ name, path: join(this.#options.directory, text) }];
    });
  }
}

function isAbsent(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
}
