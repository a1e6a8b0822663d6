import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { z } from 'zod';
import { tarEnd, tarHeader, tarPadding, type TarEntry } from '../engine/tar.ts';

const folders = [
  'dev',
  'etc',
  'proc',
  'run',
  'run/tenfold',
  'sys',
  'tmp',
  'usr',
  'usr/local',
  'usr/local/bin',
];
const report = z.object({ sharedObjects: z.array(z.string()) });

/** The Node that runs us, and where it finds what it is linked with. */
export interface NodeFiles {
  readonly program: string;
  readonly libraries: readonly string[];
  /** The same files give the same tag. */
  readonly tag: string;
}

/** Linux only: elsewhere a container cannot run this machine's programs. */
export async function nodeFiles(): Promise<NodeFiles> {
  const { sharedObjects } = report.parse(process.report.getReport());
  // `linux-vdso.so.1` is the kernel's, and no file.
  const libraries = sharedObjects.filter((path) => path.startsWith('/'));
  const program = await realpath(process.execPath);
  const hash = createHash('sha256').update(folders.join());
  for (const file of [program, ...libraries]) {
    const { size, mtimeMs } = await stat(file);
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return { program, libraries, tag: `${process.version}-${hash.digest('hex').slice(0, 12)}` };
}

/** A root file system of just that. */
export async function* nodeArchive({ program, libraries }: NodeFiles): AsyncGenerator<Buffer> {
  for (const name of folders) yield tarHeader({ name, kind: 'directory', mode: 0o755 });
  yield* file({ name: 'usr/local/bin/node', kind: 'file', mode: 0o755 }, program);
  for (const library of libraries) {
    yield* file({ name: library.slice(1), kind: 'file', mode: 0o755 }, await realpath(library));
  }
  yield tarEnd;
}

async function* file(entry: TarEntry, path: string): AsyncGenerator<Buffer> {
  const { size } = await stat(path);
  yield tarHeader({ ...entry, size });
  const chunks: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 1 << 20 });
  yield* chunks;
  yield tarPadding(size);
}
