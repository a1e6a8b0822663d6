import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Arbitrary,
  array,
  assert as holds,
  asyncProperty,
  constant,
  constantFrom,
  integer,
  oneof,
  option,
  record,
  tuple,
} from 'fast-check';
import {
  type Death,
  type MortalDaemon,
  MortalWorld,
  untilSettled,
} from '../helpers/simulated/mortal-daemon.ts';
import { desiredOf, webService } from '../helpers/simulated/memory-stack.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import * as commands from '../../src/daemon/stack/commands.ts';
import type { Requester } from '../../src/daemon/control-api.ts';
import type { MemoryBehaviour } from '../../src/runtime/memory/behaviour.ts';
import type { CanaryStep, RolloutStrategy, UpdatePolicy } from '../../src/model/rollout.ts';
import type { Service } from '../../src/model/service.ts';

const requester: Requester = { user: 'somebody', commandLine: 'tenfold' };

/** Nothing of a replica's time matters beyond a few of these. */
const soon = integer({ min: 0, max: 20 });

/** Replicas of the first revision are good, so that there always is something to go back to. */
const revisions = ['b', 'c', 'd'] as const;
type Revision = 'a' | (typeof revisions)[number];

const good = record({ startMs: soon, healthyAfterMs: soon, stopMs: soon });
const bad = oneof(
  record({ healthyAfterMs: constant('never' as const) }),
  record({ startError: constant('no such command') }),
);
const behaviour: Arbitrary<MemoryBehaviour> = oneof(
  { weight: 3, arbitrary: good },
  { weight: 1, arbitrary: bad },
);

type Step =
  | { readonly kind: 'up'; readonly revision: Revision; readonly replicas: number }
  | { readonly kind: 'scale'; readonly replicas: number }
  | { readonly kind: 'restart' };

const step: Arbitrary<Step> = oneof(
  record({
    kind: constant('up' as const),
    revision: constantFrom<Revision>('a', ...revisions),
    replicas: integer({ min: 1, max: 4 }),
  }),
  record({ kind: constant('scale' as const), replicas: integer({ min: 0, max: 5 }) }),
  record({ kind: constant('restart' as const) }),
);

const death: Arbitrary<Death | undefined> = option(
  record({
    atCall: integer({ min: 1, max: 30 }),
    moment: constantFrom('before' as const, 'after' as const),
  }),
  { nil: undefined },
);

const shares: readonly CanaryStep[] = [0.3, 0.6, 1].map((share) => ({ kind: 'share', share }));

const story = record({
  update: record({
    order: constantFrom('start-first' as const, 'stop-first' as const),
    parallelism: integer({ min: 0, max: 3 }),
    delayMs: constantFrom(0, 5),
  }),
  strategy: constantFrom<RolloutStrategy>('rolling', 'rolling', 'blue-green', 'canary'),
  behaviours: record({ a: good, b: behaviour, c: behaviour, d: behaviour }),
  /** Each with the death of the daemon that carries it out, where it dies. */
  steps: array(tuple(step, death), { minLength: 1, maxLength: 4 }),
});

type Story = typeof story extends Arbitrary<infer Value> ? Value : never;

/** More of them on demand: they are the longer the better. */
const numRuns = Number(process.env['TENFOLD_TEST_RUNS'] ?? 40);

test('whatever is asked, fails and is killed: enough replicas take requests, none is stopped before it is idle, and it ends', async () => {
  await holds(asyncProperty(story, live), { numRuns });
});

async function live({ update, strategy, behaviours, steps }: Story): Promise<void> {
  await using folder = await temporaryFolder();
  const world = new MortalWorld(folder.path, ({ revision }) => behaviours[letterOf(revision)]);
  const service = (revision: Revision, replicas: number): Service =>
    webService({
      revision: revision.repeat(64),
      replicas,
      update: { ...webService().update, ...update },
      rollback: { ...webService().rollback, ...update },
      rollout: { ...webService().rollout, strategy, steps: shares, keepMs: 10, gate: undefined },
      startTimeoutMs: 150,
    });
  const perform = async (daemon: MortalDaemon, asked: Step): Promise<unknown> => {
    const { registry } = daemon;
    const never = new AbortController().signal;
    switch (asked.kind) {
      case 'up':
        return commands.up(registry, upRequest(service(asked.revision, asked.replicas)), never);
      case 'scale':
        return commands.scale(
          registry.get('demo'),
          { scale: { web: asked.replicas }, requester },
          registry,
          never,
        );
      case 'restart':
        return commands.restart(registry.get('demo'), { requester }, registry, never);
    }
  };
  /** Returns false when the daemon was killed before all was settled. */
  const performUntilDeath = async (asked: Step, fate: Death | undefined): Promise<boolean> => {
    await using daemon = await world.startDaemon(fate);
    // What fails is undone, and says so.
    const change = perform(daemon, asked).catch(() => undefined);
    const settled = change.then(() => untilSettled(daemon)).then(() => true);
    return await Promise.race([settled, daemon.life.ended.then(() => false)]);
  };
  {
    await using daemon = await world.startDaemon();
    await perform(daemon, { kind: 'up', revision: 'a', replicas: 3 });
    await untilSettled(daemon);
  }
  for (const [asked, fate] of steps) {
    const before = (await world.stored())?.services['web']?.replicas ?? 0;
    world.rules = { leastActive: () => floor(asked, before, update) };
    if (!(await performUntilDeath(asked, fate))) {
      await using heir = await world.startDaemon();
      await untilSettled(heir);
    }
    await assertAtRest(world);
  }
  assert.deepEqual(world.violations, []);
  assert.deepEqual(world.bugs, []);
}

function letterOf(revision: string): Revision {
  return revisions.find((letter) => revision.startsWith(letter)) ?? 'a';
}

function upRequest(service: Service): Parameters<typeof commands.up>[1] {
  const { stack } = desiredOf([service]);
  return { stack, scale: {}, resetScale: false, removeOrphans: false, forceRecreate: false, requester };
}

/** Endpoints that have to stand active all the while, given what was wanted before and is wanted now. */
function floor(asked: Step, before: number, update: Pick<UpdatePolicy, 'order' | 'parallelism'>): number {
  const after = asked.kind === 'restart' ? before : Math.min(before, asked.replicas);
  if (update.order === 'start-first' || asked.kind === 'scale') return after;
  return Math.max(0, after - (update.parallelism === 0 ? after : update.parallelism));
}

/** One revision, all of it in rotation, as many as are wanted, and on disk the same. */
async function assertAtRest(world: MortalWorld): Promise<void> {
  const replicas = await world.replicas();
  const desired = await world.stored();
  const wanted = desired?.services['web'];
  assert.equal(replicas.length, wanted?.replicas);
  assert.equal(world.balancer.inRotation().length, replicas.length);
  for (const { revision } of replicas) assert.equal(revision, desired?.stack.services['web']?.revision);
}
