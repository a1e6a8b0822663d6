import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { takeLock } from '../../src/daemon/state/lock.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { isTenfoldError } from '../../src/shared/errors.ts';

async function inFolder(check: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tenfold-lock-'));
  try {
    await check(join(folder, 'daemon.lock'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const nobodyListens = (): Promise<boolean> => Promise.resolve(false);
/** Start time of this machine's first process, as its lock would have it. */
const firstProcess = async (): Promise<string> => {
  const stat = await readFile('/proc/1/stat', 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
};

describe('the lock of a home', () => {
  test('is free again after the daemon that held it has ended', () =>
    inFolder(async (path) => {
      const lock = await takeLock(path, nobodyListens, systemClock);
      await lock[Symbol.asyncDispose]();
      await using again = await takeLock(path, nobodyListens, systemClock);
      assert.ok(again);
    }));

  test('refuses a second daemon while the first one listens, and names it', () =>
    inFolder(async (path) => {
      await writeFile(path, `1 ${await firstProcess()}\n`);
      await assert.rejects(
        takeLock(path, () => Promise.resolve(true), systemClock),
        (thrown) => isTenfoldError(thrown, 'home-unusable') && thrown.message.includes('pid 1'),
      );
    }));

  test('waits for a daemon that is just ending', () =>
    inFolder(async (path) => {
      await writeFile(path, `1 ${await firstProcess()}\n`);
      let looks = 0;
      const endsAfterThreeLooks = async (): Promise<boolean> => {
        looks += 1;
        if (looks === 3) await rm(path);
        return false;
      };
      await using lock = await takeLock(path, endsAfterThreeLooks, systemClock);
      assert.ok(lock);
      assert.equal(looks, 3);
    }));

  for (const [what, content] of [
    ['a daemon that was killed', '4194300 12345\n'],
    ['a pid that another program has now', '1 99999999999\n'],
    ['nobody at all', ''],
    ['something else entirely', 'not a lock\n'],
  ] as const) {
    test(`is taken over from ${what}`, () =>
      inFolder(async (path) => {
        await writeFile(path, content);
        await using lock = await takeLock(path, nobodyListens, systemClock);
        assert.ok(lock);
        assert.match(await readFile(path, 'utf8'), new RegExp(`^${process.pid} `));
      }));
  }
});
