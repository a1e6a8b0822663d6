import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../helpers/eventually.ts';
import { webService } from '../helpers/simulated/memory-stack.ts';
import { newRevision, oldRevision, rolloutWorld, type RolloutWorld } from './rollout-world.ts';
import type { HookSubject } from '../../src/controller/execute/smoke-tester.ts';
import { describeProgress } from '../../src/daemon/rollout/describe-rollouts.ts';
import { abortRollouts } from '../../src/daemon/rollout/steer.ts';
import { simulate } from '../../src/controller/simulate.ts';
import type { RolloutHook, RolloutPolicy, RolloutStrategy } from '../../src/model/rollout.ts';
import { advance } from '../../src/rollout/advance.ts';
import type { ReplicaFacts, RolloutFacts } from '../../src/rollout/facts.ts';
import { beginRollout, type Rollout } from '../../src/rollout/rollout.ts';
import { isTenfoldError, TenfoldError } from '../../src/shared/errors.ts';

const hooks = { beforeSwitch: ['migrate'], afterSwitch: ['announce'], timeoutMs: 1_000 };
const strategies: readonly RolloutStrategy[] = ['rolling', 'blue-green', 'canary'];
const quick: Partial<RolloutPolicy> = {
  keepMs: 0,
  gate: undefined,
  steps: [
    { kind: 'share', share: 0.5 },
    { kind: 'share', share: 1 },
  ],
};

/** Revisions that get requests. */
function askedRevisions({ world }: RolloutWorld): readonly string[] {
  const pools = world.balancer.tables.at(-1)?.pools ?? [];
  const asked = pools.flatMap(({ endpoints, split }) =>
    endpoints.filter(({ rotation, revision }) => {
      if (rotation !== 'active') return false;
      if (split === undefined) return true;
      return revision === split.revision ? split.share > 0 : split.share < 1;
    }),
  );
  return [...new Set(asked.map(({ revision }) => revision))];
}

/** A runner that notes each call, with the revisions that are asked at that moment, and passes when told to. */
class ScriptedHooks {
  readonly calls: { readonly hook: RolloutHook; readonly requestsTo: readonly string[] }[] = [];
  readonly subjects: HookSubject[] = [];
  readonly #failing: RolloutHook | undefined;
  readonly #gate = Promise.withResolvers<void>();
  rollout: RolloutWorld | undefined;

  constructor(failing?: RolloutHook) {
    this.#failing = failing;
  }

  /** Lets all hooks end. */
  release(): void {
    this.#gate.resolve();
  }

  readonly run = async (subject: HookSubject): Promise<void> => {
    assert.ok(this.rollout !== undefined);
    this.subjects.push(subject);
    this.calls.push({ hook: subject.hook, requestsTo: askedRevisions(this.rollout) });
    await this.#gate.promise;
    if (subject.hook === this.#failing)
      throw new TenfoldError('replica-failed', 'the command ended with exit code 3', {
        details: ['no such column'],
      });
  };
}

async function worldWith(
  scripted: ScriptedHooks,
  strategy: RolloutStrategy,
  more: Parameters<typeof rolloutWorld>[0] = {},
): Promise<RolloutWorld> {
  const rollout = await rolloutWorld({
    ...more,
    rollout: { ...quick, hooks, strategy, ...more.rollout },
    hookRunner: scripted.run,
  });
  scripted.rollout = rollout;
  return rollout;
}

describe('the hooks of a rollout', () => {
  for (const strategy of strategies) {
    test(`run once each in a ${strategy} one: before the first request, and when all go to the new revision`, async () => {
      const scripted = new ScriptedHooks();
      await using rollout = await worldWith(scripted, strategy);
      rollout.deploy();
      await eventually(() => assert.equal(scripted.calls.length, 1));
      for (let pass = 0; pass < 5; pass++) {
        rollout.world.controller.wake();
        await rollout.world.controller.until(() => true, AbortSignal.timeout(5_000));
      }
      assert.deepEqual(askedRevisions(rollout), [oldRevision], 'nothing goes on while it runs');
      scripted.release();
      await rollout.settled();
      assert.deepEqual(scripted.calls, [
        { hook: 'beforeSwitch', requestsTo: [oldRevision] },
        { hook: 'afterSwitch', requestsTo: [newRevision] },
      ]);
      assert.equal(rollout.world.controller.desired.stack.services['web']?.revision, newRevision);
      assert.deepEqual(rollout.world.bugs, []);
      assert.ok(rollout.fewestInRotation() >= 3);
      const [subject] = scripted.subjects;
      assert.deepEqual([subject?.rollout.from, subject?.service.revision], [oldRevision, newRevision]);
      assert.ok((subject?.replicas.length ?? 0) > 0);
    });

    for (const hook of ['beforeSwitch', 'afterSwitch'] as const) {
      test(`${hook} that fails in a ${strategy} one takes it back, with what it said`, async () => {
        const scripted = new ScriptedHooks(hook);
        await using rollout = await worldWith(scripted, strategy);
        scripted.release();
        rollout.deploy();
        await rollout.settled();
        const { stack } = rollout.world.controller.desired;
        assert.equal(stack.services['web']?.revision, oldRevision);
        assert.match(rollout.failures().join('\n'), /exit code 3 \| no such column/);
        assert.deepEqual(
          rollout.web().revisions?.map(({ outcome }) => outcome),
          ['succeeded', 'rolled back'],
        );
        assert.deepEqual(
          scripted.calls.map((call) => call.hook),
          hook === 'beforeSwitch' ? ['beforeSwitch'] : ['beforeSwitch', 'afterSwitch'],
          'none runs on the way back',
        );
        assert.ok(rollout.fewestInRotation() >= 3);
      });
    }
  }

  test('hold a service without requests too: nothing more is replaced before they have passed', async () => {
    const scripted = new ScriptedHooks();
    await using rollout = await worldWith(scripted, 'rolling', { service: { listeners: [] } });
    rollout.deploy();
    await eventually(() => assert.equal(scripted.calls.length, 1));
    await rollout.world.controller.until(() => true, AbortSignal.timeout(5_000));
    const revisions = (): readonly string[] =>
      (rollout.world.controller.last?.observed.byService.get('web') ?? []).map(
        ({ replica }) => replica.revision,
      );
    assert.equal(revisions().filter((revision) => revision === oldRevision).length, 3);
    scripted.release();
    await rollout.settled();
    assert.deepEqual(revisions(), [newRevision, newRevision, newRevision]);
  });

  test('that failed run again when a person lets a paused rollout go on', async () => {
    let isBroken = true;
    const ran: RolloutHook[] = [];
    await using rollout = await rolloutWorld({
      rollout: { ...quick, hooks },
      update: { failureAction: 'pause' },
      hookRunner: ({ hook }) => {
        ran.push(hook);
        return isBroken ? Promise.reject(new TenfoldError('replica-failed', 'not yet')) : Promise.resolve();
      },
    });
    rollout.deploy();
    await eventually(() => assert.match(rollout.web().rollout?.pause?.reason ?? '', /not yet/));
    assert.deepEqual(ran, ['beforeSwitch']);
    isBroken = false;
    const { desired } = rollout.world.controller;
    const web = rollout.web();
    assert.ok(web.rollout !== undefined);
    rollout.world.controller.setDesired({
      ...desired,
      services: {
        ...desired.services,
        web: { ...web, rollout: { ...web.rollout, pause: undefined, failures: [], served: {} } },
      },
    });
    await rollout.settled();
    assert.deepEqual(ran, ['beforeSwitch', 'beforeSwitch', 'afterSwitch']);
  });

  for (const strategy of strategies) {
    test(`that run when a ${strategy} one is aborted are ended, and no longer waited for`, async () => {
      const ended = Promise.withResolvers<unknown>();
      let runs = 0;
      await using rollout = await rolloutWorld({
        rollout: { ...quick, hooks, strategy },
        hookRunner: (_, signal) => {
          runs += 1;
          return new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              ended.resolve(signal.reason);
              reject(new TenfoldError('replica-failed', 'the command was ended'));
            });
          });
        },
      });
      rollout.deploy();
      await eventually(() => assert.equal(runs, 1));
      const { controller } = rollout.world;
      const progress = rollout.web().rollout;
      const last = controller.last;
      const web = controller.desired.stack.services['web'];
      assert.ok(progress !== undefined && web !== undefined && last !== undefined);
      assert.equal(describeProgress(progress, web, 3, last.observed).hook, 'before_switch');
      controller.setDesired(abortRollouts(controller.desired, undefined, 'me', Date.now()));
      assert.ok(isTenfoldError(await ended.promise, 'rollout-aborted'));
      await rollout.settled();
      assert.equal(controller.desired.stack.services['web']?.revision, oldRevision);
      assert.deepEqual([runs, rollout.failures(), rollout.world.bugs], [1, [], []]);
    });
  }

  test('stand in the dry run, each where it runs', async () => {
    await using rollout = await worldWith(new ScriptedHooks(), 'rolling');
    const last = rollout.world.controller.last;
    assert.ok(last !== undefined);
    rollout.deploy();
    const { operations } = simulate(rollout.world.controller.desired, last.observed);
    const kinds = operations.map((each) => (each.kind === 'hook' ? each.hook : each.kind));
    assert.deepEqual(kinds.slice(0, 3), ['prepare', 'start', 'beforeSwitch']);
    assert.equal(kinds.at(-1), 'afterSwitch');
    assert.equal(kinds.filter((kind) => kind === 'beforeSwitch').length, 1);
  });
});

describe('where a rollout stands with its hooks', () => {
  const replica = (id: string, isServing: boolean): ReplicaFacts => ({
    id,
    instance: id,
    isReady: true,
    isServing,
    problem: undefined,
    startedAt: 0,
    lastEndAt: undefined,
  });
  const web = webService({ revision: newRevision });
  const factsOf = (fields: Partial<RolloutFacts>): RolloutFacts => ({
    now: 1_000_000,
    policy: { ...web.rollout, ...quick, hooks },
    pace: { ...web.update, monitorMs: 0 },
    replicas: 1,
    fresh: [],
    stale: [replica('old', true)],
    faults: [],
    isBlind: false,
    smoke: { kind: 'pending' },
    hook: { kind: 'pending' },
    trafficOf: undefined,
    isGateOpen: false,
    ...fields,
  });
  const begin = (strategy: RolloutStrategy, isRollback = false): Rollout =>
    beginRollout({ number: 2, strategy, from: oldRevision, to: newRevision, isRollback }, 0);
  const ready = { fresh: [replica('new', false)] };

  for (const strategy of strategies) {
    test(`${strategy}: the hook is due when the new replicas are ready, and is not forgotten when the daemon is`, () => {
      const waiting = advance(begin(strategy), factsOf({}));
      assert.equal(waiting.rollout.hook, undefined);
      const due = advance(begin(strategy), factsOf(ready));
      assert.equal(due.rollout.hook, 'beforeSwitch');
      // Read again from the disk, by one that knows of nothing that passed.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const restored = JSON.parse(JSON.stringify(due.rollout)) as Rollout;
      assert.equal(advance(restored, factsOf(ready)).rollout.hook, 'beforeSwitch');
      const passed = advance(restored, factsOf({ ...ready, hook: { kind: 'passed' } }));
      assert.deepEqual([passed.rollout.hook, passed.rollout.hooksPassed], [undefined, ['beforeSwitch']]);
      const next = advance(passed.rollout, factsOf({ fresh: [replica('new', true)] }));
      assert.notEqual(next.rollout.hook, 'beforeSwitch', 'once passed, it is passed');
    });

    test(`${strategy}: the way back has no hooks`, () => {
      assert.equal(advance(begin(strategy, true), factsOf(ready)).rollout.hook, undefined);
    });
  }

  test('nothing begins while a person has paused it', () => {
    const paused = { ...begin('rolling'), pause: { since: 0, by: 'person' as const, reason: 'by me' } };
    assert.equal(advance(paused, factsOf(ready)).rollout.hook, undefined);
  });
});
