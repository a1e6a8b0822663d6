import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RoutingTable } from '../../src/balancer/balancer-driver.ts';
import type { Desired } from '../../src/controller/desired.ts';
import { formatPlan } from '../../src/controller/plan.ts';
import { judge } from '../../src/controller/verdict.ts';
import { bringDown, scaleTo } from '../../src/daemon/stack/transitions.ts';
import { createMemoryDriver } from '../../src/runtime/memory/memory-driver.ts';
import { TenfoldError } from '../../src/shared/errors.ts';
import { eventually } from '../helpers/eventually.ts';
import { desiredOf, memoryWorld, webService, type MemoryWorld } from '../helpers/simulated/memory-stack.ts';

const refused = new TenfoldError('balancer-refused', 'HAProxy refuses the configuration written for web', {
  got: 'parsing [haproxy.cfg:7] : unknown keyword',
});
const unwantedRetries = 7;

function withRetries(desired: Desired, retries: number): Desired {
  const web = desired.stack.services['web'];
  assert.ok(web);
  const services = { ...desired.stack.services, web: { ...web, balancing: { ...web.balancing, retries } } };
  return { ...desired, stack: { ...desired.stack, services } };
}

function isUnwanted({ pools }: RoutingTable): boolean {
  return pools.some(({ policy }) => policy.retries === unwantedRetries);
}

/** A world whose balancer takes any table but one with the unwanted policy, which is wanted now. */
async function worldThatRefuses(error: TenfoldError): Promise<MemoryWorld> {
  const world = memoryWorld(desiredOf([webService()]), createMemoryDriver());
  await world.steady();
  world.balancer.refusalOf = (table) => (isUnwanted(table) ? error : undefined);
  world.controller.setDesired(withRetries(world.controller.desired, unwantedRetries));
  return world;
}

test('a configuration that the balancer refuses is the failure of the change, in its own words', async () => {
  await using world = await worldThatRefuses(refused);
  const pass = await world.controller.until(
    (each) => judge(each, new Set()).kind !== 'pending',
    AbortSignal.timeout(10_000),
  );
  const verdict = judge(pass, new Set());
  assert.ok(verdict.kind === 'failed');
  assert.equal(verdict.error.code, 'balancer-refused');
  assert.match(formatPlan(pass.plan), /wait {2}web {2}HAProxy refuses .* unknown keyword/);
  await eventually(() => assert.ok(world.changes.some(({ kind }) => kind === 'balancer.refused')));
  world.controller.setDesired(withRetries(world.controller.desired, 1));
  await world.steady();
  await eventually(() => assert.equal(world.changes.at(-1)?.kind, 'balancer.recovered'));
  assert.deepEqual(world.bugs, []);
});

test('under a configuration that is refused the one before follows the replicas, and `down` takes them away', async () => {
  await using world = await worldThatRefuses(refused);
  world.controller.setDesired(scaleTo(world.controller.desired, { web: 5 }, Date.now()));
  await eventually(() => assert.equal(world.balancer.inRotation().length, 5));
  assert.equal(world.balancer.tables.some(isUnwanted), false);
  world.controller.setDesired(
    bringDown(world.controller.desired, { removeVolumes: false, removeOrphans: false }),
  );
  const pass = await world.steady();
  assert.deepEqual(pass.observed.replicas, []);
  assert.deepEqual(world.bugs, []);
});

test('a balancer that does not answer to a table is asked again, and that is said meanwhile', async () => {
  await using world = await worldThatRefuses(new TenfoldError('balancer-unreachable', 'the proxy was lost'));
  const pass = await world.controller.until(({ plan }) => plan.waits.length > 0, AbortSignal.timeout(10_000));
  assert.equal(judge(pass, new Set()).kind, 'pending');
  assert.match(formatPlan(pass.plan), /wait {2}web {2}the balancer is asked again: the proxy was lost/);
  await eventually(() => assert.ok(world.changes.some(({ kind }) => kind === 'balancer.lost')));
  world.balancer.refusalOf = () => undefined;
  world.controller.wake();
  await world.steady();
  assert.ok(world.balancer.tables.some(isUnwanted));
});
