import assert from 'node:assert/strict';
import { test } from 'node:test';
import { desiredOf, memoryWorld, webService, type MemoryWorld } from '../helpers/simulated/memory-stack.ts';
import { createMemoryDriver } from '../../src/runtime/memory/memory-driver.ts';

/** `web-1 ×3, web-2 ×1, web-3 backup`. */
function standing({ balancer }: MemoryWorld): string {
  const endpoints = balancer.tables.at(-1)?.pools.flatMap((pool) => pool.endpoints) ?? [];
  return endpoints
    .filter(({ rotation }) => rotation === 'active')
    .toSorted((a, b) => a.instance.localeCompare(b.instance))
    .map(
      ({ instance, weight, isBackup }) => `${instance} ×${weight ?? 1}${isBackup === true ? ' backup' : ''}`,
    )
    .join(', ');
}

test('replicas take requests by the weight of their index, and the highest ones stand by', async () => {
  const service = webService({ replicas: 4, weights: [3, 2], backups: 2 });
  await using world = memoryWorld(desiredOf([service]), createMemoryDriver());
  await world.steady();
  assert.equal(standing(world), 'web-1 ×3, web-2 ×2, web-3 ×1 backup, web-4 ×1 backup');
  world.controller.setDesired(desiredOf([service], { web: { replicas: 2 } }));
  await world.steady();
  assert.equal(standing(world), 'web-1 ×3, web-2 ×2 backup');
  world.controller.setDesired(desiredOf([service], { web: { replicas: 1 } }));
  await world.steady();
  assert.equal(standing(world), 'web-1 ×3', 'the last one never stands by');
});
