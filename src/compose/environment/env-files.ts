import { statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { TenfoldError } from '../../shared/errors.ts';
import { readTextFile } from '../read/read-text-file.ts';
import type { Lookup } from '../interpolate/template.ts';
import { DotenvError, parseDotenv } from './parse-dotenv.ts';

/**
 * Reads env files in order into one set of variables. What `current` has already is what the files' own `${NAME}`
 * resolve to first. Throws `file-not-found`, `file-unreadable` or `invalid-compose` with the line.
 */
export function readEnvFiles(
  files: readonly string[],
  current: Lookup,
  baseDir: string,
): Map<string, string> {
  const variables = new Map<string, string>();
  for (const name of files) {
    const file = isAbsolute(name) ? name : resolve(baseDir, name);
    readDotenvFile(file, variables, (key) => current(key) ?? variables.get(key));
  }
  return variables;
}

/** Reads one env file into `variables`. */
export function readDotenvFile(file: string, variables: Map<string, string>, lookup: Lookup): void {
  const text = readTextFile(file, 'env file');
  try {
    parseDotenv(text, variables, lookup);
  } catch (thrown) {
    if (!(thrown instanceof DotenvError)) throw thrown;
    throw new TenfoldError('invalid-compose', `failed to read ${file}: ${thrown.message}`, {
      where: { file, line: thrown.line },
      cause: thrown,
    });
  }
}

/** True for an existing path that is no folder. */
export function isFile(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && !stats.isDirectory();
}
