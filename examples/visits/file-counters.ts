import { access, appendFile, constants, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Counters, StoreUnavailable } from './counters.ts';

/*
 * One file per counter, and its size in bytes is the number.
 *
 * Replicas are separate processes, so "read, add one, write" would lose visits. Here each increment appends one byte with
 * O_APPEND: the kernel finds the end and writes under one lock, so no two replicas can write the same byte. There is no lock
 * of our own that a killed replica could leave behind, and a single byte cannot be torn by a kill. The price is a byte per
 * visit, and that two visits at the same instant may both be told the later number; none is ever lost. Made for one
 * machine and local disks: O_APPEND is not atomic on NFS.
 */
export function fileCounters(directory: string): Counters {
  const fileOf = (name: string): string => join(directory, encodeURIComponent(name));

  return {
    place: `files in ${directory}`,
    increment: (first, ...more) =>
      explained(async () => {
        await Promise.all([first, ...more].map((name) => append(directory, fileOf(name))));
        return sizeOf(fileOf(first));
      }),
    read: (name) => explained(() => sizeOf(fileOf(name))),
    readAll: (prefix) =>
      explained(async () => {
        const start = encodeURIComponent(prefix);
        const files = (await entries(directory)).filter((file) => file.startsWith(start));
        const pairs = files.map(async (file) => {
          const name = decodeURIComponent(file.slice(start.length));
          return [name, await sizeOf(join(directory, file))] as const;
        });
        return Object.fromEntries(await Promise.all(pairs));
      }),
    check: () =>
      explained(async () => {
        await mkdir(directory, { recursive: true });
        await access(directory, constants.W_OK);
      }),
    close: () => {},
  };
}

async function append(directory: string, file: string): Promise<void> {
  try {
    await appendFile(file, '.');
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown;
    await mkdir(directory, { recursive: true });
    await appendFile(file, '.');
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (thrown) {
    if (isMissing(thrown)) return 0;
    throw thrown;
  }
}

async function entries(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (thrown) {
    if (isMissing(thrown)) return [];
    throw thrown;
  }
}

async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw new StoreUnavailable(thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
  }
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
}
