import { access, constants, stat } from 'node:fs/promises';
import { delimiter, resolve } from 'node:path';
import type { SourceLocation } from '../../../shared/errors.ts';
import { TenfoldError } from '../../../shared/errors.ts';

export interface CommandPlace {
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDir: string;
  /** Who wants to run it: `service web`. */
  readonly subject: string;
  /** Where the command is written, if in a file. */
  readonly where?: SourceLocation;
}

/**
 * Absolute path of the program: looked up on PATH, or relative to the working directory when it has a slash.
 * Throws `command-not-found`.
 */
export async function findCommand(program: string, place: CommandPlace): Promise<string> {
  const { environment, workingDir, subject } = place;
  const where = place.where === undefined ? {} : { where: place.where };

  if (program.includes('/')) {
    const file = resolve(workingDir, program);
    const kind = await kindOf(file);
    if (kind === 'program') return file;
    throw new TenfoldError('command-not-found', `${subject}: ${program} cannot be run`, {
      ...where,
      expected: `a program at ${file}`,
      got: kind === 'absent' ? 'nothing there' : `a ${kind}`,
      hint:
        kind === 'file that is not executable'
          ? `chmod +x ${file}, or name its interpreter in the command`
          : 'correct the command; it is relative to working_dir',
    });
  }

  const path = environment['PATH'] ?? '';
  const files = path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => resolve(workingDir, folder, program));
  for (const file of files) if ((await kindOf(file)) === 'program') return file;
  throw new TenfoldError('command-not-found', `${subject}: no program ${program} was found`, {
    ...where,
    expected: `a program named ${program} on PATH`,
    got: path === '' ? 'an empty PATH' : `none in ${path}`,
    hint: /\s/.test(program)
      ? 'the first word of the command is the program; write the words as a list'
      : `install ${program}, or give its path in the command`,
  });
}

async function kindOf(
  file: string,
): Promise<'program' | 'absent' | 'directory' | 'file that is not executable'> {
  try {
    if ((await stat(file)).isDirectory()) return 'directory';
  } catch {
    return 'absent';
  }
  return await access(file, constants.X_OK).then(
    () => 'program' as const,
    () => 'file that is not executable' as const,
  );
}
