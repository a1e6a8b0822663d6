import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it that are missing, for their owner alone. Throws the system's error of the first one
 * that cannot be made.
 *
 * Not `mkdir` with `recursive`: where the kernel answers ENOENT for a new name in a folder that exists, as in /proc,
 * Node goes up and down between the two for ever.
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let folder = path; !exists(folder); folder = dirname(folder)) missing.unshift(folder);
  for (const folder of missing) {
    try {
      mkdirSync(folder, { mode: 0o700 });
    } catch (thrown) {
      // Another process may have made it in between.
      if (!exists(folder)) throw thrown;
    }
  }
}

function exists(path: string): boolean {
  return dirname(path) === path || statSync(path, { throwIfNoEntry: false }) !== undefined;
}
