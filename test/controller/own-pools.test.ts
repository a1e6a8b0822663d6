import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { samplePolicy } from '../balancer/routing-samples.ts';
import { desiredOf, memoryWorld, webService, type MemoryWorld } from '../helpers/simulated/memory-stack.ts';
import { eventually } from '../helpers/eventually.ts';
import type { Pass } from '../../src/controller/pass.ts';
import { createMemoryDriver } from '../../src/runtime/memory/memory-driver.ts';
import type { Listener, Service } from '../../src/model/service.ts';

function listener(port: number, retries?: number): Listener {
  return {
    key: `web:${port}->80`,
    hostIp: '',
    port,
    target: 80,
    protocol: 'tcp',
    exposure: 'published',
    ...(retries !== undefined && { ownPool: { name: String(port), policy: { ...samplePolicy, retries } } }),
  };
}

const twoRoles: Partial<Service> = { listeners: [listener(8080, 5), listener(8081, 6)] };

function conditionsOf({ observed }: Pass): string {
  return observed.replicas
    .toSorted((one, other) => one.replica.index - other.replica.index)
    .map(({ replica, condition }) => `${replica.instance} ${condition}`)
    .join(', ');
}

async function nextPass(world: MemoryWorld): Promise<Pass> {
  world.balancer.changed();
  return world.steady();
}

describe('a service with ports that are balanced in ways of their own', () => {
  test('has a pool for each of them, and that of the service only where something leads to it', async () => {
    const service = webService({ listeners: [listener(8080), listener(8081, 6), listener(8082)] });
    await using world = memoryWorld(desiredOf([service]), createMemoryDriver());
    await world.steady();
    const { pools = [], listeners = [] } = world.balancer.tables.at(-1) ?? {};
    assert.deepEqual(
      pools.map(({ id, policy }) => [id, policy.retries]),
      [
        ['demo/web:80', service.balancing.retries],
        ['demo/web:80/8081', 6],
      ],
    );
    assert.deepEqual(
      listeners.map(({ id, pool }) => [id, pool]),
      [
        ['demo/web:8080->80', 'demo/web:80'],
        ['demo/web:8081->80', 'demo/web:80/8081'],
        ['demo/web:8082->80', 'demo/web:80'],
      ],
    );
    const ids = pools.flatMap(({ endpoints }) => endpoints.map(({ id }) => id));
    assert.equal(new Set(ids).size, 6, 'an endpoint of each pool is another one');
    assert.deepEqual(world.bugs, []);
  });

  test('drains the pool that a port leaves, and cuts nothing that is open there', async () => {
    await using world = memoryWorld(desiredOf([webService()]), createMemoryDriver());
    await world.steady();
    const { balancer } = world;
    const pools = (): string[] =>
      (balancer.tables.at(-1)?.pools ?? []).map(
        ({ id, endpoints }) =>
          `${id} ${endpoints.map(({ instance, rotation }) => `${instance} ${rotation}`).join()}`,
      );
    const own = ['demo/web:80/8080', 'demo/web:80/8081'].map(
      (id) => `${id} web-1 active,web-2 active,web-3 active`,
    );
    balancer.inFlight.set('web-2', 1);
    world.controller.setDesired(desiredOf([webService(twoRoles)]));
    await eventually(() => assert.deepEqual(pools(), [...own, 'demo/web:80 web-2 draining']));
    balancer.inFlight.clear();
    balancer.changed();
    await eventually(() => assert.deepEqual(pools(), own));
    assert.ok(
      balancer.tables.some(({ pools }) =>
        pools.some(
          ({ id, endpoints }) =>
            id === 'demo/web:80' &&
            endpoints.length === 3 &&
            endpoints.every(({ rotation }) => rotation === 'draining'),
        ),
      ),
      'what was asked until then is told to drain first',
    );
    assert.deepEqual(world.bugs, []);
  });

  test('counts a replica as up that one of them takes, and as down when none does', async () => {
    await using world = memoryWorld(desiredOf([webService(twoRoles)]), createMemoryDriver());
    const { conditions } = world.balancer;
    for (const instance of ['web-2', 'web-3']) conditions.set(`demo/web:80/8080 ${instance}`, 'down');
    for (const instance of ['web-1', 'web-3']) conditions.set(`demo/web:80/8081 ${instance}`, 'down');
    await world.steady();
    assert.equal(conditionsOf(await nextPass(world)), 'web-1 up, web-2 up, web-3 down');
  });

  test('is as bad as the worst of its ports inside the replica', async () => {
    const service = webService({
      targets: [80, 90],
      listeners: [listener(8080), { ...listener(8090), target: 90 }],
    });
    await using world = memoryWorld(desiredOf([service]), createMemoryDriver());
    world.balancer.conditions.set('demo/web:90 web-2', 'down');
    await world.steady();
    assert.equal(conditionsOf(await nextPass(world)), 'web-1 up, web-2 down, web-3 up');
  });

  test('waits for the first checks, also before one replica gives way to its like', async () => {
    await using world = memoryWorld(desiredOf([webService(twoRoles)]), createMemoryDriver());
    await world.steady();
    const { conditions } = world.balancer;
    for (const port of [8080, 8081])
      for (const index of [1, 2, 3]) conditions.set(`demo/web:80/${port} web-${index}`, 'unchecked');
    const renewed = desiredOf([webService({ ...twoRoles, revision: 'b'.repeat(64) })]);
    world.controller.setDesired(renewed);
    await eventually(() => {
      const fresh = world.balancer.tables
        .at(-1)
        ?.pools[0]?.endpoints.filter(
          ({ revision, rotation }) => revision[0] === 'b' && rotation === 'active',
        );
      assert.equal(fresh?.length, 1);
    });
    const pending = world.controller.last?.plan.waits.map(({ reason }) => reason) ?? [];
    assert.ok(pending.includes('not checked by the balancer yet'), pending.join());
    assert.ok(!world.operations.some((line) => line.startsWith('stop')), world.operations.join('\n'));
    conditions.clear();
    world.balancer.changed();
    await world.steady();
    const revisions = world.balancer.tables
      .at(-1)
      ?.pools.flatMap(({ endpoints }) => endpoints.map(({ revision }) => revision[0]));
    assert.deepEqual([...new Set(revisions)], ['b']);
  });
});
