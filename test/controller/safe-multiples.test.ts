import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { desiredOf, memoryWorld, type MemoryWorld, webService } from '../helpers/simulated/memory-stack.ts';
import { eventually } from '../helpers/eventually.ts';
import type { EndpointEntry } from '../../src/balancer/balancer-driver.ts';
import type { Change } from '../../src/controller/changes.ts';
import { createMemoryDriver } from '../../src/runtime/memory/memory-driver.ts';
import type { RecyclePolicy } from '../../src/model/recycle.ts';

const recycle: RecyclePolicy = {
  maxRequests: undefined,
  maxAgeMs: 100,
  maxMemoryBytes: undefined,
  jitter: 0.5,
};

function recyclings({ decisions }: MemoryWorld): readonly Change[] {
  return decisions.flatMap(({ news }) => news).filter(({ kind }) => kind === 'replica.recycled');
}

/** Endpoints that took requests in each table since then. */
function inRotation({ balancer }: MemoryWorld, since: number): readonly number[] {
  return balancer.tables
    .slice(since)
    .map(({ pools }) => pools.flatMap(({ endpoints }) => endpoints.filter(isActive)).length);
}

function isActive({ rotation }: EndpointEntry): boolean {
  return rotation === 'active';
}

describe('recycling', () => {
  test('replaces every replica in its turn, the new one first, and never has fewer in rotation', async () => {
    await using world = memoryWorld(desiredOf([webService({ recycle })]), createMemoryDriver());
    await world.steady();
    const firstIds = new Set(world.controller.last?.observed.replicas.map(({ replica }) => replica.id));
    const begun = world.balancer.tables.length;
    await eventually(() => {
      const ids = world.controller.last?.observed.replicas.map(({ replica }) => replica.id) ?? [];
      assert.ok(ids.length >= 3 && ids.every((id) => !firstIds.has(id)));
    });
    const active = inRotation(world, begun);
    assert.ok(Math.min(...active) >= 3, active.join());
    const recycled = recyclings(world);
    assert.ok(recycled.length >= 3);
    assert.match(recycled[0]?.message ?? '', /recycled after/);
    assert.deepEqual(world.bugs, []);
  });

  test('restarts in place what can only stop first, one after the other', async () => {
    const update = { ...webService().update, order: 'stop-first' as const };
    await using world = memoryWorld(desiredOf([webService({ recycle, update })]), createMemoryDriver());
    await world.steady();
    const begun = world.balancer.tables.length;
    await eventually(() => {
      const recycled = recyclings(world);
      assert.ok(new Set(recycled.map(({ instance }) => instance)).size === 3);
    });
    const active = inRotation(world, begun);
    assert.ok(Math.min(...active) >= 2, active.join());
  });

  test('leaves a service alone of which something does not serve', async () => {
    const runtime = createMemoryDriver({
      behaviourOf: ({ index }) => (index === 2 ? { healthyAfterMs: 'never' } : {}),
    });
    await using world = memoryWorld(
      desiredOf([webService({ recycle: { ...recycle, maxAgeMs: 1 } })]),
      runtime,
    );
    await world.controller.until(
      ({ observed }) => observed.replicas.length === 3 && observed.now > Date.now() - 1,
      AbortSignal.timeout(10_000),
    );
    const begun = Date.now();
    await eventually(() => {
      world.controller.wake();
      assert.ok(Date.now() - begun > 150);
    });
    assert.deepEqual(recyclings(world), []);
  });
});
