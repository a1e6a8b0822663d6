import { randomBytes } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, TenfoldError } from '../shared/errors.ts';

const keyShape = /^[0-9a-f]{64}$/;
const writingMs = 500;

/**
 * The key that signs the dashboard's links and cookies, 64 hex digits; made when there is none yet. Only its owner can read
 * the file. Throws `state-unreadable`, `state-write-failed`.
 */
export async function readDashboardKey(path: string): Promise<string> {
  await createKey(path);
  const deadline = Date.now() + writingMs;
  for (;;) {
    const key = (await readFile(path, 'utf8').catch(() => '')).trim();
    if (keyShape.test(key)) return key;
    if (Date.now() > deadline) break;
    // The command and the daemon may make it at the same moment: the one that came second waits for the first to have written.
    await sleep(20);
  }
  throw new TenfoldError('state-unreadable', `${path} cannot be used as the dashboard's key`, {
    where: { file: path },
    expected: '64 hex digits',
    hint: `remove it (rm ${path}) and a new one is made; open pages have to be opened again`,
  });
}

async function createKey(path: string): Promise<void> {
  try {
    await using file = await open(path, 'wx', 0o600);
    await file.writeFile(`${randomBytes(32).toString('hex')}\n`);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') return;
    throw new TenfoldError('state-write-failed', `cannot write ${path}: ${messageOf(thrown)}`, {
      hint: 'free space on that disk or correct its rights',
      cause: thrown,
    });
  }
}
