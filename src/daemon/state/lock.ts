import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import type { Clock } from '../../shared/clock.ts';
import { messageOf, TenfoldError } from '../../shared/errors.ts';

/** A daemon that holds the lock and does not listen is starting or ending: neither takes longer than this. */
const transitionMs = 20_000;
const retryMs = 50;

/**
 * Makes this process the one daemon of a home until disposed. A daemon that listens is left alone: throws
 * `home-unusable` with its pid. One that is just ending is waited for.
 */
export async function takeLock(
  path: string,
  isListening: () => Promise<boolean>,
  clock: Clock,
): Promise<AsyncDisposable> {
  const deadline = clock.now() + transitionMs;
  for (;;) {
    if (await tryLock(path)) return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    const holder = await holderOf(path);
    if (holder === undefined) {
      await clearLock(path);
    } else if (clock.now() > deadline || (await isListening())) {
      throw new TenfoldError('home-unusable', `a tenfold daemon (pid ${holder}) already runs on this home`, {
        hint: 'use that one, or give this one another TENFOLD_HOME',
      });
    } else {
      await clock.sleep(retryMs);
    }
  }
}

/** A link is made whole or not at all: of two daemons that start together, one wins, and nobody sees half a lock. */
async function tryLock(path: string): Promise<boolean> {
  const draft = `${path}.${process.pid}`;
  try {
    await writeFile(draft, `${process.pid} ${startTimeOf(process.pid)}\n`, { mode: 0o600 });
    await link(draft, path);
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return false;
    throw new TenfoldError('home-unusable', `cannot take the lock ${path}: ${messageOf(thrown)}`, {
      hint: 'set TENFOLD_HOME to a folder that you can write to',
      cause: thrown,
    });
  } finally {
    await rm(draft, { force: true });
  }
}

/** Clears a lock whose daemon is gone. What was moved away is looked at again: somebody may have been faster. */
async function clearLock(path: string): Promise<void> {
  const removed = `${path}.${process.pid}.old`;
  try {
    await rename(path, removed);
  } catch {
    return;
  }
  if ((await holderOf(removed)) !== undefined) await link(removed, path).catch(() => undefined);
  await rm(removed, { force: true });
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
