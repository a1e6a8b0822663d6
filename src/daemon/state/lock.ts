import { open, readFile, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { TenfoldError } from '../../shared/errors.ts';

/** Makes this process the one daemon of a home until disposed. Throws `home-unusable` naming the daemon that holds it. */
export async function takeLock(path: string): Promise<AsyncDisposable> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    try {
      // `wx` creates or fails: of two daemons that start together, one wins.
      await using file = await open(path, 'wx', 0o600);
      await file.writeFile(`${process.pid} ${startTimeOf(process.pid)}\n`);
      await file.sync();
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (thrown) {
      if (!(thrown instanceof Error) || !('code' in thrown) || thrown.code !== 'EEXIST') throw thrown;
    }
    const holder = await holderOf(path);
    if (holder !== undefined) {
      throw new TenfoldError('home-unusable', `a tenfold daemon (pid ${holder}) already runs on this home`, {
        hint: 'use that one, or give this one another TENFOLD_HOME',
      });
    }
    await rm(path, { force: true });
  }
  throw new TenfoldError('home-unusable', `cannot take the lock ${path}`, { hint: 'try again' });
}

/** Pid of the living daemon that wrote the lock; a pid that was reused by another program does not count. */
async function holderOf(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const [word = '', startTime = ''] = text.trim().split(' ');
  const pid = Number(word);
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return undefined;
  try {
    process.kill(pid, 0);
  } catch {
    return undefined;
  }
  return startTimeOf(pid) === startTime ? pid : undefined;
}

/** Start time as the kernel counts it, or the empty string where there is no /proc. */
function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
