import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { desiredOf, memoryWorld, webService } from '../helpers/simulated/memory-stack.ts';
import { createMemoryDriver } from '../../src/runtime/memory/memory-driver.ts';
import { formatPlan } from '../../src/controller/plan.ts';
import { TenfoldError } from '../../src/shared/errors.ts';
import type { Replica } from '../../src/model/replica.ts';
import type { ReplicaWatcher, RuntimeDriver } from '../../src/runtime/runtime-driver.ts';

const never = new AbortController().signal;

/** A runtime that somebody else uses too: what they stop is marked so, until it is started again. */
function sharedRuntime(): {
  driver: RuntimeDriver;
  stop: (index: number) => Promise<void>;
  remove: (index: number) => Promise<void>;
  /** Stops and removes it before anybody can look. */
  takeAway: (index: number) => Promise<void>;
} {
  const memory = createMemoryDriver();
  const stopped = new Set<string>();
  const find = async (index: number): Promise<Replica> => {
    const replica = (await memory.observe('demo', never)).find((each) => each.index === index);
    assert.ok(replica);
    return replica;
  };
  let isHidden = false;
  let watcher: ReplicaWatcher | undefined;
  const driver: RuntimeDriver = Object.assign(Object.create(memory), {
    watch(...args: Parameters<RuntimeDriver['watch']>) {
      watcher = args[1];
      memory.watch(...args);
    },
    async observe(...args: Parameters<RuntimeDriver['observe']>) {
      const replicas = await memory.observe(...args);
      if (isHidden) throw new TenfoldError('runtime-unreachable', 'nobody looks now');
      return replicas.map((replica) =>
        replica.state.kind === 'exited' && stopped.has(replica.id)
          ? { ...replica, state: { ...replica.state, isStoppedByHand: true as const } }
          : replica,
      );
    },
  });
  return {
    driver,
    stop: async (index) => {
      const replica = await find(index);
      stopped.add(replica.id);
      await memory.stop(replica, { signal: 'SIGTERM', graceMs: 1_000 }, never);
    },
    remove: async (index) => memory.remove(await find(index), never),
    takeAway: async (index) => {
      const replica = await find(index);
      isHidden = true;
      watcher?.onStoppedByHand?.(replica.id);
      await memory.stop(replica, { signal: 'SIGTERM', graceMs: 1_000 }, never);
      await memory.remove(replica, never);
      isHidden = false;
      watcher?.onChange();
    },
  };
}

describe('what somebody else stops through the runtime', () => {
  test('is left stopped, out of rotation, and nothing is created in its place', async () => {
    const { driver, stop } = sharedRuntime();
    await using world = memoryWorld(desiredOf([webService()]), driver);
    await world.steady();
    await stop(2);
    const pass = await world.steady();
    assert.deepEqual([...world.balancer.inRotation()].sort(), ['web-1', 'web-3']);
    const second = pass.observed.replicas.find(({ replica }) => replica.index === 2);
    assert.equal(second?.replica.state.kind, 'exited');
    assert.equal(second.history.restarts, 0);
  });

  test('and then removes is not replaced, and a service of which nothing is left is not wanted any more', async () => {
    const { driver, stop, remove } = sharedRuntime();
    await using world = memoryWorld(desiredOf([webService()]), driver);
    await world.steady();
    for (const index of [1, 2, 3]) await stop(index);
    await world.steady();
    await remove(1);
    const seen = await world.controller.until(
      ({ observed }) => observed.replicas.length === 2,
      AbortSignal.timeout(10_000),
    );
    assert.equal(formatPlan(seen.plan), 'nothing to do');
    await remove(2);
    await remove(3);
    const pass = await world.controller.until(
      () => world.controller.desired.services['web']?.phase === 'absent',
      AbortSignal.timeout(10_000),
    );
    assert.equal(pass.observed.replicas.length, 0);
    await world.steady();
    assert.deepEqual(world.balancer.tables.at(-1)?.listeners, []);
  });

  test('and removes at once, seen by nobody in between, is not replaced either', async () => {
    const { driver, takeAway } = sharedRuntime();
    await using world = memoryWorld(desiredOf([webService()]), driver);
    await world.steady();
    await takeAway(2);
    const { plan } = await world.controller.until(
      ({ observed }) => observed.unreachable.size === 0 && observed.replicas.length === 2,
      AbortSignal.timeout(10_000),
    );
    assert.equal(formatPlan(plan), 'nothing to do');
  });

  test('comes back with the next command', async () => {
    const { driver, stop } = sharedRuntime();
    await using world = memoryWorld(desiredOf([webService()]), driver);
    await world.steady();
    await stop(2);
    await world.steady();
    // All of this may happen within one millisecond, and the command comes after the run.
    world.controller.setDesired(desiredOf([webService()], { web: { activeSince: Date.now() + 1 } }));
    await world.steady();
    assert.equal(world.balancer.inRotation().length, 3);
  });
});

test('what is removed without having been stopped is replaced', async () => {
  const memory = createMemoryDriver();
  await using world = memoryWorld(desiredOf([webService()]), memory);
  const { observed } = await world.steady();
  const [first] = observed.replicas;
  assert.ok(first);
  await memory.stop(first.replica, { signal: 'SIGKILL', graceMs: 0 }, never);
  await memory.remove(first.replica, never);
  const pass = await world.controller.until(
    ({ observed: now }) =>
      now.replicas.length === 3 && !now.replicas.some(({ replica }) => replica.id === first.replica.id),
    AbortSignal.timeout(10_000),
  );
  assert.ok(pass);
});
