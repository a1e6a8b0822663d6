import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The `skip` option of a test that needs a disk it can fill. */
export const skipWithoutSmallDisk: string | false =
  process.platform === 'linux' && process.getuid?.() === 0
    ? false
    : 'needs root on Linux, to mount a small disk';

/** A tmpfs of 2 MiB mounted at the path. */
export async function mountSmallDisk(path: string): Promise<AsyncDisposable> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await run('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=0700', 'tmpfs', path]);
  return {
    async [Symbol.asyncDispose]() {
      await run('umount', ['--lazy', path]);
    },
  };
}

/** Fills the disk below the folder to its last byte; disposing of it frees the space. */
export async function fillDisk(folder: string): Promise<AsyncDisposable> {
  const files: string[] = [];
  for (const chunkBytes of [65_536, 4_096, 1]) {
    for (let isFull = false; !isFull;) {
      const file = join(folder, `filler-${files.length}`);
      files.push(file);
      // A write that fails may have written a part; it stays, since it fills too.
      isFull = await writeFile(file, Buffer.alloc(chunkBytes)).then(
        () => false,
        () => true,
      );
    }
  }
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(files.map((file) => rm(file, { force: true })));
    },
  };
}
