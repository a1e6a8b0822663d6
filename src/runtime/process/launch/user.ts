import { readFile } from 'node:fs/promises';
import type { SourceLocation } from '../../../shared/errors.ts';
import { TenfoldError } from '../../../shared/errors.ts';

export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
  /** `HOME`, `USER` and `LOGNAME` of that user, where they are known. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Resolves Compose's `user` (`name`, `uid`, each with `:group` or without) by /etc/passwd and /etc/group. Undefined
 * when the program is to run as the user who runs Tenfold. Throws `runtime-failed` for an unknown name, and when we
 * are not root and it is another user.
 */
export async function resolveUser(
  text: string | undefined,
  subject: string,
  where?: SourceLocation,
): Promise<ProcessUser | undefined> {
  if (text === undefined || text === '') return undefined;
  const refuse = (expected: string, hint: string) =>
    new TenfoldError('runtime-failed', `${subject} cannot run as user ${text}`, {
      ...(where === undefined ? {} : { where }),
      expected,
      hint,
    });

  const [userWord = '', groupWord] = text.split(':');
  const passwd = (await readColumns('/etc/passwd')).find(
    ([name, , uid]) => name === userWord || uid === userWord,
  );
  const uid = numberOf(passwd?.[2] ?? userWord);
  if (uid === undefined) throw refuse('a number, or a name in /etc/passwd', 'correct user, or leave it out');

  let gid = numberOf(passwd?.[3] ?? '') ?? 0;
  if (groupWord !== undefined && groupWord !== '') {
    const group = (await readColumns('/etc/group')).find(([name]) => name === groupWord);
    const found = numberOf(group?.[2] ?? groupWord);
    if (found === undefined)
      throw refuse('a group that is a number, or a name in /etc/group', 'correct the group');
    gid = found;
  }

  if (process.getuid?.() !== 0) {
    if (process.getuid?.() === uid) return undefined;
    throw refuse('root, because only root may start a program as another user', 'leave user out');
  }
  const [name, home] = [passwd?.[0], passwd?.[5]];
  const environment =
    name === undefined || home === undefined ? {} : { HOME: home, USER: name, LOGNAME: name };
  return { uid, gid, environment };
}

async function readColumns(path: string): Promise<string[][]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').map((line) => line.split(':'));
}

function numberOf(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
