import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { TenfoldError } from '../../shared/errors.ts';

/** A program that makes the change. */
export interface ProofCommand {
  /** For people. */
  readonly text: string;
  readonly file: string;
  readonly args: readonly string[];
  /** `messages`: stdout is what tenfold prints with `--json`. `text`: it is passed on. */
  readonly stdout: 'messages' | 'text';
}

/** How this very command line is started. */
export interface OwnCommandLine {
  readonly file: string;
  readonly args: readonly string[];
  /** Global options that each verb is given. */
  readonly globals: readonly string[];
  readonly verbs: readonly string[];
}

export interface CommandSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDir: string;
}

/**
 * What the words after `--` stand for. Words that begin with a verb run this same command line, with `tenfold` before
 * them or not. Throws `usage`, or `command-not-found` for a program that there is not.
 */
export async function resolveCommand(
  words: readonly string[],
  own: OwnCommandLine,
  surroundings: CommandSurroundings,
): Promise<ProofCommand> {
  const [first, ...rest] = words;
  if (first === undefined) throw nothingToDo();
  if (first !== 'tenfold' && !own.verbs.includes(first)) {
    const file = await findProgram(first, surroundings);
    return { text: words.join(' '), file, args: rest, stdout: 'text' };
  }
  const asked = first === 'tenfold' ? rest : words;
  // Global options may stand before the verb.
  const place = asked.findIndex((word) => own.verbs.includes(word));
  const verb = asked[place] ?? asked[0];
  if (verb === undefined) throw nothingToDo();
  if (verb === 'prove') throw new TenfoldError('usage', 'a proof cannot be the change of another one');
  // An `up` that stays attached never ends.
  const isAttached = verb === 'up' && !asked.some((each) => ['-d', '--detach', '--dry-run'].includes(each));
  // What `exec` prints is the program's; every other verb says in JSON what it did.
  const isExec = verb === 'exec';
  return {
    text: ['tenfold', ...asked].join(' '),
    file: own.file,
    args: [
      ...own.args,
      ...own.globals,
      ...(isExec ? [] : ['--json']),
      ...asked,
      ...(isAttached ? ['--detach'] : []),
    ],
    stdout: isExec ? 'text' : 'messages',
  };
}

async function findProgram(name: string, { environment, workingDir }: CommandSurroundings): Promise<string> {
  const places = name.includes('/')
    ? [resolve(workingDir, name)]
    : (environment['PATH'] ?? '').split(delimiter).map((folder) => join(resolve(workingDir, folder), name));
  for (const place of places) if (await isProgram(place)) return place;
  throw new TenfoldError('command-not-found', `\`${name}\` is neither a command of tenfold nor a program`, {
    expected: 'a change such as `tenfold scale web=5`, or a program',
    got: name.includes('/') ? `no program at ${places[0]}` : `no \`${name}\` in PATH`,
    hint: '`tenfold --help` lists the commands',
  });
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function nothingToDo(): TenfoldError {
  return new TenfoldError('usage', 'there is no change to prove', {
    expected: '`tenfold prove [OPTIONS] -- COMMAND…`',
    hint: 'for example `tenfold prove -- tenfold scale web=5`',
  });
}
