import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { TrafficSplit } from '../../src/balancer/balancer-driver.ts';
import { eventually } from '../helpers/eventually.ts';
import { webService } from '../helpers/simulated/memory-stack.ts';
import { newRevision, oldRevision, rolloutWorld, type RolloutWorld } from './rollout-world.ts';
import { TenfoldError } from '../../src/shared/errors.ts';

const steady = { errorRate: 0, latencyMs: 20, perSecond: 2_000 };

function revisions({ world }: RolloutWorld): readonly string[] {
  return (world.controller.last?.observed.byService.get('web') ?? []).map(({ replica }) => replica.revision);
}

function assertAt(rollout: RolloutWorld, revision: string): void {
  assert.deepEqual(revisions(rollout), [revision, revision, revision]);
  assert.equal(rollout.world.controller.desired.stack.services['web']?.revision, revision);
  assert.deepEqual(rollout.world.bugs, []);
}

function outcomes(rollout: RolloutWorld): readonly string[] {
  return (rollout.web().revisions ?? []).map(({ outcome }) => outcome);
}

/** How many of each revision were in rotation, table by table. */
function standings(
  { world }: RolloutWorld,
  from: number,
): readonly { old: number; new: number; split: TrafficSplit | undefined }[] {
  return world.balancer.tables.slice(from).flatMap(({ pools }) =>
    pools.map(({ endpoints, split }) => {
      const active = endpoints.filter(({ rotation }) => rotation === 'active');
      const count = (wanted: string): number => active.filter(({ revision }) => revision === wanted).length;
      return { old: count(oldRevision), new: count(newRevision), split };
    }),
  );
}

describe('a rolling rollout', () => {
  test('replaces every replica, never has fewer in rotation, and says so in the history', async () => {
    await using rollout = await rolloutWorld();
    rollout.deploy();
    await rollout.settled();
    assertAt(rollout, newRevision);
    assert.ok(rollout.fewestInRotation() >= 3);
    assert.deepEqual(outcomes(rollout), ['succeeded', 'succeeded']);
    assert.equal(rollout.web().rollout, undefined);
  });

  for (const [what, behaviour, said] of [
    ['never gets healthy', { healthyAfterMs: 'never' as const }, /not healthy after/],
    ['cannot be started', { startError: 'no such file' }, /start failed.*no such file/],
    [
      'ends soon after it began to serve',
      { exit: { afterMs: 150, code: 3 } },
      /exit code 3.* after it began to serve/,
    ],
    ['becomes unhealthy soon', { unhealthyAfterMs: 150 }, /unhealthy/],
  ] as const) {
    test(`that ${what} is undone by itself, and what was there has served all along`, async () => {
      await using rollout = await rolloutWorld({
        update: { monitorMs: 400 },
        service: { startTimeoutMs: 300 },
        behaviourOf: ({ revision }) => (revision === newRevision ? behaviour : {}),
      });
      const before = new Set(
        rollout.world.controller.last?.observed.replicas.map(({ replica }) => replica.id),
      );
      rollout.deploy();
      await rollout.settled();
      assertAt(rollout, oldRevision);
      const after = rollout.world.controller.last?.observed.replicas.map(({ replica }) => replica.id) ?? [];
      assert.ok(
        after.every((id) => before.has(id)),
        'no old replica was replaced',
      );
      assert.ok(rollout.fewestInRotation() >= 3);
      assert.match(rollout.failures().join('\n'), said);
      assert.deepEqual(outcomes(rollout), ['succeeded', 'rolled back']);
    });
  }

  for (const [what, bad, said] of [
    ['answers with errors', { ...steady, errorRate: 0.2 }, /errors 20 %/],
    ['is five times slower', { ...steady, latencyMs: 100 }, /p95 \d+.* before/],
  ] as const) {
    test(`that ${what} is undone while its first batch is watched`, async () => {
      await using rollout = await rolloutWorld({
        update: { monitorMs: 5_000 },
        traffic: (revision) => (revision === newRevision ? bad : steady),
      });
      rollout.deploy();
      await rollout.settled();
      assertAt(rollout, oldRevision);
      assert.match(rollout.failures().join('\n'), said);
      assert.ok(rollout.fewestInRotation() >= 3);
    });
  }

  test('halts where failure_action says pause, and both revisions stay', async () => {
    await using rollout = await rolloutWorld({
      update: { failureAction: 'pause', monitorMs: 400 },
      behaviourOf: ({ revision, attempt }) =>
        revision === newRevision && attempt === 1 ? { exit: { afterMs: 100, code: 1 } } : {},
    });
    rollout.deploy();
    await eventually(() => assert.equal(rollout.web().rollout?.pause?.by, 'failure'));
    assert.match(rollout.failures().join('\n'), /the rollout is paused/);
    await eventually(() => assert.ok(rollout.world.balancer.inRotation().length >= 3));
    assert.ok(revisions(rollout).includes(oldRevision));
  });

  test('goes on where failure_action says continue', async () => {
    await using rollout = await rolloutWorld({
      update: { failureAction: 'continue', monitorMs: 300 },
      behaviourOf: ({ revision, index, attempt }) =>
        revision === newRevision && index === 1 && attempt === 1 ? { exit: { afterMs: 100, code: 1 } } : {},
    });
    rollout.deploy();
    await rollout.settled();
    assertAt(rollout, newRevision);
  });

  test('bears as many failures as max_failure_ratio says, and no more', async () => {
    const run = async (maxFailureRatio: number): Promise<string | undefined> => {
      await using rollout = await rolloutWorld({
        update: { maxFailureRatio, monitorMs: 250 },
        behaviourOf: ({ revision, index, attempt }) =>
          revision === newRevision && index === 1 && attempt === 1 ? { exit: { afterMs: 100, code: 1 } } : {},
      });
      rollout.deploy();
      await rollout.settled();
      return rollout.world.controller.desired.stack.services['web']?.revision;
    };
    assert.deepEqual(await Promise.all([run(0.34), run(0.33)]), [newRevision, oldRevision]);
  });

  test('restarts a dependent that asks for it, and no other', async () => {
    const dependent = (name: string, restart: boolean) =>
      webService({
        name,
        replicas: 1,
        listeners: [],
        dependsOn: [{ service: 'web', condition: 'service_started', restart, required: true }],
      });
    await using rollout = await rolloutWorld({
      others: [dependent('follows', true), dependent('stays', false)],
    });
    const idOf = (name: string) =>
      rollout.world.controller.last?.observed.byService.get(name)?.[0]?.replica.id;
    const before = { follows: idOf('follows'), stays: idOf('stays') };
    rollout.deploy();
    await rollout.settled();
    await eventually(() => assert.notEqual(idOf('follows'), before.follows));
    assert.equal(idOf('stays'), before.stays);
  });
});

describe('a blue-green rollout', () => {
  const blueGreen = { strategy: 'blue-green' as const };

  test('moves all requests in one table, leaves the old set what the new one cannot take, and keeps it aside later', async () => {
    await using rollout = await rolloutWorld({ rollout: blueGreen });
    const from = rollout.world.balancer.tables.length;
    rollout.deploy();
    await rollout.settled();
    const steps = standings(rollout, from);
    const all = { revision: newRevision, share: 1 };
    assert.deepEqual(
      steps.filter((step, index) => !isDeepStrictEqual(step, steps[index - 1])),
      [
        { old: 3, new: 3, split: all },
        { old: 0, new: 3, split: undefined },
      ],
    );
    assert.equal(rollout.web().rollout?.phase, 'keeping');
    assert.equal(revisions(rollout).length, 6);
  });

  test('removes the old set when its time is over', async () => {
    await using rollout = await rolloutWorld({ rollout: { ...blueGreen, keepMs: 300 } });
    rollout.deploy();
    await rollout.settled();
    await eventually(() => assertAt(rollout, newRevision));
    assert.equal(rollout.web().rollout, undefined);
  });

  test('goes back to a kept set without starting anything', async () => {
    await using rollout = await rolloutWorld({ rollout: blueGreen });
    rollout.deploy();
    await rollout.settled();
    const started = rollout.world.changes.filter(({ kind }) => kind === 'replica.started').length;
    rollout.deploy(oldRevision, { isRollback: true });
    await rollout.settled();
    await eventually(() => assertAt(rollout, oldRevision));
    assert.equal(rollout.world.changes.filter(({ kind }) => kind === 'replica.started').length, started);
    assert.ok(rollout.fewestInRotation() >= 3);
  });

  test('gives the new set no request when its smoke test fails', async () => {
    await using rollout = await rolloutWorld({
      rollout: { ...blueGreen, smoke: { kind: 'path', path: '/', timeoutMs: 1_000 } },
      smokeTester: () => Promise.reject(new TenfoldError('replica-failed', 'its smoke test failed: 500')),
    });
    rollout.deploy();
    await rollout.settled();
    await eventually(() => assertAt(rollout, oldRevision));
    assert.match(rollout.failures().join('\n'), /smoke test failed: 500/);
    const served = rollout.world.changes.filter(({ kind }) => kind === 'replica.in-rotation').length;
    assert.equal(served, 3);
  });

  test('goes back by itself when the new set ends soon after the switch', async () => {
    await using rollout = await rolloutWorld({
      rollout: blueGreen,
      update: { monitorMs: 1_000 },
      behaviourOf: ({ revision }) => (revision === newRevision ? { exit: { afterMs: 400, code: 1 } } : {}),
    });
    const from = rollout.world.balancer.tables.length;
    rollout.deploy();
    await rollout.settled();
    await eventually(() => assertAt(rollout, oldRevision));
    assert.match(rollout.failures().join('\n'), /exit code 1/);
    const steps = standings(rollout, from);
    assert.ok(steps.some((step) => step.new > 0));
    assert.deepEqual(
      steps.filter((step) => step.old < 3),
      [],
      'the old set was there in every table',
    );
  });
});

describe('a canary', () => {
  const canary = {
    strategy: 'canary' as const,
    steps: [
      { kind: 'share', share: 0.1 },
      { kind: 'share', share: 0.5 },
      { kind: 'share', share: 1 },
    ] as const,
  };

  test('grows step by step to the whole, and the table carries each share', async () => {
    await using rollout = await rolloutWorld({ rollout: canary, traffic: () => steady });
    const from = rollout.world.balancer.tables.length;
    rollout.deploy();
    await rollout.settled();
    await eventually(() => assertAt(rollout, newRevision));
    const shares = rollout.world.balancer.tables
      .slice(from)
      .flatMap(({ pools }) => pools.map(({ split }) => split?.share ?? 'all'));
    assert.deepEqual(
      shares.filter((share, index) => share !== shares[index - 1]),
      [0, 0.1, 0.5, 1, 'all'],
    );
    assert.ok(rollout.fewestInRotation() >= 3);
  });

  for (const [what, bad] of [
    ['answers with errors', { ...steady, errorRate: 0.2 }],
    ['is five times slower', { ...steady, latencyMs: 100 }],
  ] as const) {
    test(`that ${what} is undone at its first share`, async () => {
      await using rollout = await rolloutWorld({
        rollout: canary,
        traffic: (revision) => (revision === newRevision ? bad : steady),
      });
      const from = rollout.world.balancer.tables.length;
      rollout.deploy();
      await rollout.settled();
      await eventually(() => assertAt(rollout, oldRevision));
      const shares = rollout.world.balancer.tables
        .slice(from)
        .flatMap(({ pools }) => pools.flatMap(({ split }) => split?.share ?? []));
      // At this rate it may be judged before the table with its share is in force.
      assert.ok(Math.max(...shares) <= 0.1);
    });
  }

  test('is held, and not undone, while there is too little traffic', async () => {
    await using rollout = await rolloutWorld({
      rollout: canary,
      traffic: (revision) => ({ ...steady, perSecond: 1, errorRate: revision === newRevision ? 1 : 0 }),
    });
    rollout.deploy();
    await eventually(() => assert.match(rollout.web().rollout?.verdict ?? '', /too few requests/));
    assert.equal(rollout.web().rollout?.phase, 'observing');
    assert.deepEqual(rollout.failures(), []);
  });

  test('is not undone for the sake of another service that fails meanwhile', async () => {
    const unsteady = webService({ name: 'other', replicas: 1, listeners: [] });
    await using rollout = await rolloutWorld({
      rollout: {
        ...canary,
        steps: [
          { kind: 'share', share: 0.1 },
          { kind: 'pause', durationMs: undefined },
        ],
      },
      others: [unsteady],
      behaviourOf: ({ service }) => (service === 'other' ? { exit: { afterMs: 200, code: 1 } } : {}),
      traffic: () => steady,
    });
    rollout.deploy(newRevision, {}, ['web', 'other']);
    await eventually(() =>
      assert.ok(
        rollout.world.controller.last?.plan.waits.some(
          ({ service, failure }) => service === 'other' && failure !== undefined,
        ),
      ),
    );
    assert.deepEqual(rollout.failures(), []);
    assert.equal(rollout.web().rollout?.to, newRevision);
  });

  test('that crashes is undone', async () => {
    await using rollout = await rolloutWorld({
      rollout: canary,
      update: { monitorMs: 1_000 },
      behaviourOf: ({ revision }) => (revision === newRevision ? { exit: { afterMs: 300, code: 1 } } : {}),
      traffic: () => steady,
    });
    rollout.deploy();
    await rollout.settled();
    await eventually(() => assertAt(rollout, oldRevision));
  });
});
