import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isTenfoldError, messageOf, TenfoldError } from '../../../shared/errors.ts';
import { fileNameOf } from './file-name.ts';
import { decodeRecord, encodeRecord, instanceOf } from './process-record.ts';
import type { ProcessRecord } from './process-record.ts';

/** A file among the records that is not one, and stays untouched. */
export interface UnreadableRecord {
  readonly path: string;
  /** Folder of the stack it lies in. */
  readonly stackFolder: string;
  /** From the file's name, if it is one that we give: `web-1.<id>.json`. */
  readonly instance: string | undefined;
  readonly id: string | undefined;
  readonly error: TenfoldError;
}

export interface StoredRecords {
  readonly records: readonly ProcessRecord[];
  readonly unreadable: readonly UnreadableRecord[];
}

/**
 * The records of all stacks on disk: `<directory>/<stack>/<instance>.<id>.json`, replaced atomically. The instance is
 * part of the name, so that a torn record still tells whose it was.
 */
export class RecordFolder {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Throws `home-unusable` when the folder itself cannot be read. */
  async readAll(): Promise<StoredRecords> {
    const records: ProcessRecord[] = [];
    const unreadable: UnreadableRecord[] = [];
    for (const stackFolder of await this.#list(this.#directory))
      for (const name of await this.#list(join(this.#directory, stackFolder))) {
        const path = join(this.#directory, stackFolder, name);
        // What a crash left of a write that never counted.
        if (name.endsWith('.tmp')) await rm(path, { force: true });
        if (!name.endsWith('.json')) continue;
        try {
          records.push(decodeRecord(await readFile(path, 'utf8'), path));
        } catch (thrown) {
          const [, instance, id] = /^(.+)\.([0-9a-f]+)\.json$/.exec(name) ?? [];
          unreadable.push({ path, stackFolder, instance, id, error: asUnreadable(thrown, path) });
        }
      }
    return { records, unreadable };
  }

  /** Throws `state-write-failed`; then the record on disk is the old one. */
  async write(record: ProcessRecord): Promise<void> {
    const path = this.#pathOf(record);
    const temporary = `${path}.tmp`;
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(encodeRecord(record));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (thrown) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw writeFailure(path, 'written', thrown);
    }
  }

  /** Throws `state-write-failed`; then the record is still there. */
  async delete(record: ProcessRecord): Promise<void> {
    const path = this.#pathOf(record);
    try {
      await rm(path, { force: true });
    } catch (thrown) {
      throw writeFailure(path, 'removed', thrown);
    }
  }

  /** Removes the stack's folder when nothing is left in it. */
  async deleteStack(stack: string): Promise<void> {
    await rmdir(join(this.#directory, fileNameOf(stack))).catch(() => undefined);
  }

  /** Whether an unreadable file lies there still: somebody may have moved it away meanwhile. */
  isStillThere(unreadable: UnreadableRecord): boolean {
    return existsSync(unreadable.path);
  }

  async #list(folder: string): Promise<string[]> {
    try {
      return (await readdir(folder)).sort();
    } catch (thrown) {
      const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
      if (code === 'ENOENT' || code === 'ENOTDIR') return [];
      throw new TenfoldError('home-unusable', `the folder of process records ${folder} cannot be read`, {
        got: messageOf(thrown),
        hint: 'check its permissions, or set TENFOLD_HOME to a folder of your own',
        cause: thrown,
      });
    }
  }

  #pathOf(record: ProcessRecord): string {
    return join(
      this.#directory,
      fileNameOf(record.stack),
      `${fileNameOf(instanceOf(record))}.${record.id}.json`,
    );
  }
}

function writeFailure(path: string, what: string, thrown: unknown): TenfoldError {
  return new TenfoldError('state-write-failed', `the process record ${path} could not be ${what}`, {
    got: messageOf(thrown),
    hint: 'make room on that disk, or check the permissions of the folder, and try again',
    cause: thrown,
  });
}

function asUnreadable(thrown: unknown, path: string): TenfoldError {
  if (isTenfoldError(thrown)) return thrown;
  return new TenfoldError('state-unreadable', `the process record ${path} cannot be read`, {
    where: { file: path },
    got: messageOf(thrown),
    cause: thrown,
  });
}
