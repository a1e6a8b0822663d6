import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { TenfoldError } from '../shared/errors.ts';

const fileNames = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
const overrideNames = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
];

/**
 * Finds the compose file of a folder, with its override file, in it or in the nearest parent that has one. Throws
 * `file-not-found`.
 */
export function discoverFiles(folder: string, warn: (message: string) => void): string[] {
  for (let current = resolve(folder); ; current = dirname(current)) {
    const found = firstOf(fileNames, current, 'config', warn);
    if (found !== undefined) {
      const override = firstOf(overrideNames, current, 'override', warn);
      return override === undefined ? [found] : [found, override];
    }
    if (current === dirname(current)) break;
  }
  throw new TenfoldError('file-not-found', 'no configuration file provided: not found', {
    where: { file: folder },
    expected: `${fileNames.join(', ')} here or in a parent folder`,
    hint: 'name the file with -f, or change to its folder',
  });
}

function firstOf(names: readonly string[], folder: string, kind: string, warn: (message: string) => void) {
  const found = names.map((name) => join(folder, name)).filter((file) => existsSync(file));
  if (found.length > 1) {
    warn(`Found multiple ${kind} files with supported names: ${found.join(', ')}; using ${found[0]}`);
  }
  return found[0];
}

/** The files of `COMPOSE_FILE`, absolute, split at `COMPOSE_PATH_SEPARATOR` (a colon by default). */
export function filesFromEnvironment(environment: ReadonlyMap<string, string>, folder: string): string[] {
  const list = environment.get('COMPOSE_FILE');
  if (list === undefined || list === '') return [];
  return list
    .split(environment.get('COMPOSE_PATH_SEPARATOR') || ':')
    .map((file) => absolutePath(file, folder));
}

export function absolutePath(file: string, folder: string): string {
  return file === '-' || isAbsolute(file) ? file : resolve(folder, file);
}
