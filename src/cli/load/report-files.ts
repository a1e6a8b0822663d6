import { constants } from 'node:fs';
import { access, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { TenfoldError, messageOf } from '../../shared/errors.ts';
import type { Surroundings } from '../surroundings.ts';

/** A report that is to be written once there is something to report. */
export interface ReportFile {
  readonly path: string;
  write(text: string): Promise<void>;
}

/** Finds out now whether the file can be written later, before any time is spent. Throws `usage` when it cannot. */
export async function reportFile(name: string, { workingDir }: Surroundings): Promise<ReportFile> {
  const path = resolve(workingDir, name);
  const existing = await stat(path).catch(() => undefined);
  if (existing?.isDirectory() === true)
    throw new TenfoldError('usage', `cannot write ${path}: it is a directory`);
  try {
    await access(existing === undefined ? dirname(path) : path, constants.W_OK);
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
  return {
    path,
    write: async (text) => {
      try {
        await writeFile(path, text);
      } catch (cause) {
        throw cannotWrite(path, cause);
      }
    },
  };
}

function cannotWrite(path: string, cause: unknown): TenfoldError {
  return new TenfoldError('usage', `cannot write ${path}: ${messageOf(cause)}`, { cause });
}
