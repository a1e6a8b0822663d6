import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { desiredOf, webService } from '../helpers/simulated/memory-stack.ts';
import { StackStore } from '../../src/daemon/state/stack-store.ts';
import { isTenfoldError } from '../../src/shared/errors.ts';

async function inFolder(check: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tenfold-store-'));
  try {
    await check(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const unreadable = (thrown: unknown): boolean =>
  isTenfoldError(thrown, 'state-unreadable') && thrown.where !== undefined;

describe('desired states on disk', () => {
  test('come back as they were written, and leave nothing beside them', () =>
    inFolder(async (folder) => {
      const desired = desiredOf([webService()]);
      await new StackStore(folder).save(desired);
      assert.deepEqual(await new StackStore(folder).load(), [JSON.parse(JSON.stringify(desired))]);
      assert.deepEqual(await readdir(folder), ['demo.json']);
    }));

  test('of a version that knew less of rollouts come back with what it did not write at its default', () =>
    inFolder(async (folder) => {
      const earlier = webService();
      Object.assign(earlier, { update: { parallelism: 2, delayMs: 5, order: 'stop-first' } });
      Reflect.deleteProperty(earlier, 'rollback');
      Reflect.deleteProperty(earlier, 'rollout');
      await new StackStore(folder).save(desiredOf([earlier]));
      const [loaded] = await new StackStore(folder).load();
      const service = loaded?.stack.services['web'];
      assert.deepEqual(service?.update, {
        parallelism: 2,
        delayMs: 5,
        order: 'stop-first',
        failureAction: 'rollback',
        monitorMs: 5_000,
        maxFailureRatio: 0,
      });
      assert.deepEqual([service.rollback.failureAction, service.rollout.strategy], ['pause', 'rolling']);
    }));

  for (const [what, content] of [
    ['torn', (whole: string) => whole.slice(0, whole.length / 2)],
    ['empty', () => ''],
    ['written by another program', () => '{"name": "demo"}'],
    ['of another version', (whole: string) => whole.replace('"version": 1', '"version": 99')],
    ['lacking a part', (whole: string) => whole.replace('"services"', '"service"')],
  ] as const) {
    test(`that are ${what} are refused, left as they are, and keep no other stack from running`, () =>
      inFolder(async (folder) => {
        const writer = new StackStore(folder);
        const desired = desiredOf([webService()]);
        await writer.save(desired);
        await writer.save({ ...desired, stack: { ...desired.stack, name: 'other' } });
        const path = join(folder, 'demo.json');
        const bad = content(await readFile(path, 'utf8'));
        await writeFile(path, bad);
        const store = new StackStore(folder);
        assert.deepEqual(
          (await store.load()).map(({ stack }) => stack.name),
          ['other'],
        );
        await assert.rejects(store.check('demo'), unreadable);
        await assert.rejects(store.save(desired), unreadable);
        assert.equal(await readFile(path, 'utf8'), bad);
        await store.check('other');
        await rm(path);
        await store.check('demo');
        await store.save(desired);
      }));
  }
});
