import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { createMemoryDriver } from '../../src/runtime/memory/memory-driver.ts';
import type { RuntimeDriver } from '../../src/runtime/runtime-driver.ts';
import { desiredOf, memoryWorld, webService } from '../helpers/simulated/memory-stack.ts';

/** A runtime whose snapshots are old when they arrive: every start under way when one was taken has ended by then. */
function withSlowSnapshots(driver: RuntimeDriver, started: string[]): RuntimeDriver {
  const starting = new Set<Promise<unknown>>();
  return Object.assign(Object.create(driver), {
    async observe(...args: Parameters<RuntimeDriver['observe']>) {
      const snapshot = await driver.observe(...args);
      await Promise.allSettled(starting);
      // Whoever waits for the start has heard of its end too.
      await sleep(0);
      return snapshot;
    },
    async start(...args: Parameters<RuntimeDriver['start']>) {
      started.push(`web-${args[0].index}`);
      const start = sleep(5).then(() => driver.start(...args));
      starting.add(start);
      return start.finally(() => starting.delete(start));
    },
  });
}

test('a creation that ends while the runtime is asked is not done a second time', async () => {
  const started: string[] = [];
  const driver = withSlowSnapshots(createMemoryDriver(), started);
  await using world = memoryWorld(desiredOf([webService()]), driver);
  const passes = setInterval(() => world.controller.wake(), 1);
  try {
    await world.steady();
  } finally {
    clearInterval(passes);
  }
  assert.deepEqual(started.sort(), ['web-1', 'web-2', 'web-3']);
  assert.deepEqual(world.bugs, []);
});
