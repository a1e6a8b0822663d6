import assert from 'node:assert/strict';
import { test } from 'node:test';
import { desiredOf, memoryWorld, webService } from '../helpers/simulated/memory-stack.ts';
import { eventually } from '../helpers/eventually.ts';
import { scaleTo, restartServices, bringDown, drainInstance } from '../../src/daemon/stack/transitions.ts';
import { formatPlan } from '../../src/controller/plan.ts';
import { TenfoldError } from '../../src/shared/errors.ts';
import type { RuntimeDriver } from '../../src/runtime/runtime-driver.ts';
import { createMemoryDriver } from '../../src/runtime/memory/memory-driver.ts';

function instances(pass: {
  observed: { replicas: readonly { replica: { instance: string } }[] };
}): readonly string[] {
  return pass.observed.replicas.map(({ replica }) => replica.instance).sort();
}

test('brings up what the file asks for and puts it into rotation', async () => {
  await using world = memoryWorld(desiredOf([webService()]), createMemoryDriver());
  const pass = await world.steady();
  assert.deepEqual(instances(pass), ['web-1', 'web-2', 'web-3']);
  assert.deepEqual([...world.balancer.inRotation()].sort(), ['web-1', 'web-2', 'web-3']);
  assert.deepEqual(world.bugs, []);
});

test('scales up and down again, and nothing is stopped before the balancer has acknowledged its drain', async () => {
  await using world = memoryWorld(desiredOf([webService()]), createMemoryDriver());
  await world.steady();
  world.controller.setDesired(scaleTo(world.controller.desired, { web: 5 }, Date.now()));
  assert.equal(instances(await world.steady()).length, 5);
  world.balancer.inFlight.set('web-5', 1);
  world.balancer.inFlight.set('web-4', 0);
  world.controller.setDesired(scaleTo(world.controller.desired, { web: 4 }, Date.now()));
  await world.steady();
  world.controller.setDesired(scaleTo(world.controller.desired, { web: 1 }, Date.now()));
  await eventually(() => assert.deepEqual(world.balancer.inRotation().length, 1));
  await eventually(() =>
    assert.ok(world.changes.some(({ kind, instance }) => kind === 'replica.drained' && instance !== 'web-5')),
  );
  world.balancer.inFlight.clear();
  world.balancer.changed();
  assert.equal(instances(await world.steady()).length, 1);
  for (const { instance } of world.changes.filter(({ kind }) => kind === 'replica.stopped')) {
    const order = world.changes.filter((change) => change.instance === instance).map(({ kind }) => kind);
    assert.ok(
      order.indexOf('replica.drained') < order.indexOf('replica.stopped'),
      `${instance}: ${order.join(', ')}`,
    );
  }
  assert.deepEqual(world.bugs, []);
});

test('starts a replica again that ended, and counts it', async () => {
  await using world = memoryWorld(
    desiredOf([webService()]),
    createMemoryDriver({
      behaviourOf: ({ index, attempt }) =>
        index === 2 && attempt === 1 ? { exit: { afterMs: 100, code: 1 } } : {},
    }),
  );
  await world.steady();
  await eventually(() => assert.ok(world.changes.some(({ kind }) => kind === 'replica.exited')));
  const pass = await world.steady();
  const second = pass.observed.replicas.find(({ replica }) => replica.instance === 'web-2');
  assert.equal(second?.replica.state.kind, 'running');
  assert.equal(second.history.restarts, 1);
});

test('restarts one after the other, start-first, and never has fewer in rotation than asked for', async () => {
  await using world = memoryWorld(desiredOf([webService()]), createMemoryDriver());
  const before = await world.steady();
  const from = world.balancer.tables.length;
  world.controller.setDesired(
    restartServices(world.controller.desired, undefined, undefined, Date.now() + 1),
  );
  const after = await world.steady();
  assert.deepEqual(instances(after), ['web-1', 'web-2', 'web-3']);
  const oldIds = new Set(before.observed.replicas.map(({ replica }) => replica.id));
  assert.ok(after.observed.replicas.every(({ replica }) => !oldIds.has(replica.id)));
  for (const table of world.balancer.tables.slice(from)) {
    const active = table.pools.flatMap(({ endpoints }) =>
      endpoints.filter(({ rotation }) => rotation === 'active'),
    );
    assert.ok(active.length >= 3, `only ${active.length} in rotation`);
    assert.ok(active.length <= 4);
  }
});

test('a new revision replaces the old one, and a bad one leaves the old one serving', async () => {
  await using world = memoryWorld(
    desiredOf([webService()]),
    createMemoryDriver({
      behaviourOf: ({ revision }) => (revision.startsWith('b') ? { healthyAfterMs: 'never' } : {}),
    }),
  );
  await world.steady();
  world.controller.setDesired(desiredOf([webService({ revision: 'c'.repeat(64) })]));
  const pass = await world.steady();
  assert.ok(pass.observed.replicas.every(({ replica }) => replica.revision.startsWith('c')));
  world.controller.setDesired(desiredOf([webService({ revision: 'b'.repeat(64), startTimeoutMs: 200 })]));
  const failing = await world.controller.until(
    ({ plan }) => plan.waits.some(({ failure }) => failure === 'replica-failed'),
    AbortSignal.timeout(10_000),
  );
  assert.equal(
    failing.observed.replicas.filter(
      ({ replica, rotation }) => replica.revision.startsWith('c') && rotation === 'active',
    ).length,
    3,
  );
});

test('restarts a stateful service in place, stop-first', async () => {
  const database = webService({
    name: 'db',
    replicas: 1,
    isStateful: true,
    update: { ...webService().update, order: 'stop-first' },
  });
  await using world = memoryWorld(desiredOf([database]), createMemoryDriver());
  const before = await world.steady();
  world.controller.setDesired(restartServices(world.controller.desired, ['db'], undefined, Date.now() + 1));
  await eventually(() => assert.ok(world.changes.some(({ kind }) => kind === 'replica.stopped')));
  const after = await world.steady();
  assert.deepEqual(
    after.observed.replicas.map(({ replica }) => replica.id),
    before.observed.replicas.map(({ replica }) => replica.id),
  );
  assert.equal(after.observed.replicas[0]?.replica.state.kind, 'running');
  assert.equal(after.observed.replicas[0].history.restarts, 0);
});

test('keeps a replica out of rotation that was drained by hand', async () => {
  await using world = memoryWorld(desiredOf([webService()]), createMemoryDriver());
  await world.steady();
  world.controller.setDesired(drainInstance(world.controller.desired, 'web-2'));
  const pass = await world.steady();
  assert.deepEqual([...world.balancer.inRotation()].sort(), ['web-1', 'web-3']);
  assert.equal(
    pass.observed.replicas.find(({ replica }) => replica.instance === 'web-2')?.replica.state.kind,
    'running',
  );
});

test('takes everything down in reverse order of dependency and closes the listeners', async () => {
  const web = webService({
    replicas: 2,
    dependsOn: [{ service: 'db', condition: 'service_healthy', restart: false, required: true }],
  });
  const database = webService({ name: 'db', replicas: 1, listeners: [] });
  await using world = memoryWorld(desiredOf([web, database]), createMemoryDriver());
  await world.steady();
  const started = world.changes
    .filter(({ kind }) => kind === 'replica.started')
    .map(({ instance }) => instance);
  assert.equal(started[0], 'db-1');
  world.controller.setDesired(
    bringDown(world.controller.desired, { removeVolumes: false, removeOrphans: false }),
  );
  const pass = await world.steady();
  assert.deepEqual(instances(pass), []);
  const stopped = world.changes
    .filter(({ kind }) => kind === 'replica.stopped')
    .map(({ instance }) => instance);
  assert.equal(stopped.at(-1), 'db-1');
  assert.deepEqual(world.balancer.tables.at(-1)?.listeners, []);
});

test('an operation that fails is held back, says so, and does not spin', async () => {
  let starts = 0;
  await using world = memoryWorld(
    desiredOf([webService({ replicas: 1 })]),
    createMemoryDriver({
      behaviourOf: () => {
        starts += 1;
        return { startError: 'no space left on device' };
      },
    }),
  );
  const failing = await world.controller.until(
    ({ plan }) => plan.waits.some(({ failure }) => failure !== undefined),
    AbortSignal.timeout(10_000),
  );
  assert.match(formatPlan(failing.plan), /start failed: .*no space left on device/);
  const before = starts;
  await eventually(() => assert.ok(starts > before));
  assert.ok(starts <= before + 2, `${starts - before} starts in one back-off`);
});

test('a teardown that fails is held back too', async () => {
  let teardowns = 0;
  const memory = createMemoryDriver();
  const runtime: RuntimeDriver = Object.create(memory, {
    teardown: {
      value: () => {
        teardowns += 1;
        return Promise.reject(new TenfoldError('runtime-failed', 'the network is in use'));
      },
    },
  });
  await using world = memoryWorld(desiredOf([webService()]), runtime);
  await world.steady();
  world.controller.setDesired(
    bringDown(world.controller.desired, { removeVolumes: false, removeOrphans: false }),
  );
  await world.controller.until(
    ({ plan }) => plan.waits.some(({ failure }) => failure !== undefined),
    AbortSignal.timeout(10_000),
  );
  await eventually(() => assert.ok(teardowns >= 2));
  assert.ok(teardowns <= 3, `${teardowns} teardowns`);
});

test('a listener on one address is opened for its service, by its name', async () => {
  const listener = {
    key: 'web:127.0.0.1:8080->80',
    hostIp: '127.0.0.1',
    port: 8080,
    target: 80,
    protocol: 'http',
    exposure: 'published',
  } as const;
  await using world = memoryWorld(desiredOf([webService({ listeners: [listener] })]), createMemoryDriver());
  await world.steady();
  assert.equal(world.operations[0], 'open  127.0.0.1:8080  published by web');
});
