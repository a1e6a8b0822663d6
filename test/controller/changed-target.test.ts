import assert from 'node:assert/strict';
import { test } from 'node:test';
import { desiredOf, memoryWorld, webService } from '../helpers/simulated/memory-stack.ts';
import { beginRollouts } from '../../src/daemon/rollout/begin-rollouts.ts';
import { createMemoryDriver } from '../../src/runtime/memory/memory-driver.ts';
import type { Service } from '../../src/model/service.ts';

/** A release that listens on another port inside its replicas, behind the same published one. */
function release(letter: string, target: number): Service {
  const [listener] = webService().listeners;
  assert.ok(listener);
  return webService({
    revision: letter.repeat(64),
    targets: [target],
    listeners: [{ ...listener, key: `web:8080->${target}`, target }],
  });
}

test('a release that listens on another port takes over replica by replica, at the same published port', async () => {
  const before = desiredOf([release('a', 80)]);
  await using world = memoryWorld(before, createMemoryDriver());
  await world.steady();
  const begun = world.balancer.tables.length;
  const change = { user: 'somebody', commandLine: 'tenfold up', startedAt: Date.now() };
  world.controller.setDesired(beginRollouts(before, desiredOf([release('b', 9_090)]), change));
  await world.steady();
  const tables = world.balancer.tables.slice(begun);
  const active = tables.map(({ listeners, pools }) => {
    const entry = listeners.find(({ port }) => port === 8080);
    const pool = pools.find(({ id }) => id === entry?.pool);
    return pool?.endpoints.filter(({ rotation }) => rotation === 'active').length ?? 0;
  });
  assert.ok(Math.min(...active) >= 3, active.join());
  const last = tables.at(-1)?.pools.flatMap(({ endpoints }) => endpoints) ?? [];
  assert.deepEqual([...new Set(last.map(({ revision }) => revision[0]))], ['b']);
  assert.equal(last.length, 3);
  assert.deepEqual(world.bugs, []);
});
