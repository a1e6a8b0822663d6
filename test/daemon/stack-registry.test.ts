import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../helpers/eventually.ts';
import { MemoryBalancer } from '../helpers/simulated/memory-balancer.ts';
import { desiredOf, webService } from '../helpers/simulated/memory-stack.ts';
import { TrafficTable } from '../../src/controller/execute/traffic-table.ts';
import { Journal } from '../../src/daemon/state/journal.ts';
import { StackStore } from '../../src/daemon/state/stack-store.ts';
import { StackRegistry } from '../../src/daemon/stack/stack-registry.ts';
import { bringDown } from '../../src/daemon/stack/transitions.ts';
import { createMemoryDriver } from '../../src/runtime/memory/memory-driver.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { isTenfoldError } from '../../src/shared/errors.ts';

async function withRegistry(
  check: (registry: StackRegistry, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tenfold-registry-'));
  try {
    const store = new StackStore(folder);
    const fail = (thrown: unknown): never => assert.fail(String(thrown));
    await using journal = new Journal(join(folder, 'journal.jsonl'), fail);
    await using registry = new StackRegistry({
      runtimes: new Map([['process', createMemoryDriver()]]),
      traffic: new TrafficTable(new MemoryBalancer()),
      clock: systemClock,
      store,
      journal,
      smokeTester: () => Promise.resolve(),
      hookRunner: () => Promise.resolve(),
      whyNoAmbassadors: () => undefined,
      onBug: fail,
    });
    await check(registry, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('a down that the daemon before had begun is brought to its end, and the stack is forgotten', () =>
  withRegistry(async (registry, folder) => {
    const down = bringDown(desiredOf([webService()]), { removeVolumes: false, removeOrphans: false });
    await registry.options.store.save(down);
    assert.deepEqual(await readdir(folder), ['demo.json']);
    registry.adopt(down);
    await eventually(async () => {
      assert.equal(registry.find('demo'), undefined);
      assert.ok(!(await readdir(folder)).includes('demo.json'));
    });
  }));

test('commands on one stack run one after the other, and one that supersedes ends the wait of the one before', () =>
  withRegistry(async (registry) => {
    const order: string[] = [];
    const first = registry.exclusively('demo', undefined, async (signal) => {
      order.push('first begins');
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      order.push('first ends');
      signal.throwIfAborted();
    });
    await eventually(() => assert.deepEqual(order, ['first begins']));
    const waiting = registry.exclusively('demo', undefined, async () => void order.push('never begun'));
    const last = registry.exclusively('demo', 'stop', async () => void order.push('last'));
    for (const superseded of [first, waiting]) {
      await assert.rejects(superseded, (thrown) => isTenfoldError(thrown, 'interrupted'));
    }
    await last;
    assert.deepEqual(order, ['first begins', 'first ends', 'last']);
    await eventually(() => assert.deepEqual(registry.activeStacks, []));
  }));
