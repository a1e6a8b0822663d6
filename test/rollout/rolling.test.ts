import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assert as holds, nat, property } from 'fast-check';
import { nextRollingStep, type RollingState } from '../../src/rollout/strategies/rolling-step.ts';
import type { UpdatePolicy } from '../../src/model/rollout.ts';

const startFirst: UpdatePolicy = {
  parallelism: 1,
  delayMs: 0,
  order: 'start-first',
  failureAction: 'rollback',
  monitorMs: 0,
  maxFailureRatio: 0,
};
const state = (fields: Partial<RollingState>): RollingState => ({
  desired: 3,
  current: 0,
  servingCurrent: 0,
  servingOutdated: 0,
  outdated: 0,
  leaving: 0,
  lastServingAt: undefined,
  now: 0,
  ...fields,
});

describe('rolling replacement', () => {
  test('creates everything at once when there is nothing to replace', () => {
    assert.deepEqual(nextRollingStep(startFirst, state({})), { create: 3, retire: 0, holdUntil: undefined });
  });

  test('start-first creates one, and retires one only when the new one serves', () => {
    const begun = state({ servingOutdated: 3, outdated: 3 });
    assert.deepEqual(nextRollingStep(startFirst, begun), { create: 1, retire: 0, holdUntil: undefined });
    const created = state({ servingOutdated: 3, outdated: 3, current: 1 });
    assert.deepEqual(nextRollingStep(startFirst, created), { create: 0, retire: 0, holdUntil: undefined });
    const serving = state({ servingOutdated: 3, outdated: 3, current: 1, servingCurrent: 1 });
    assert.equal(nextRollingStep(startFirst, serving).retire, 1);
  });

  test('stop-first retires one, and creates its successor only when it is gone', () => {
    const policy: UpdatePolicy = { ...startFirst, order: 'stop-first' };
    assert.deepEqual(nextRollingStep(policy, state({ servingOutdated: 3, outdated: 3 })), {
      create: 0,
      retire: 1,
      holdUntil: undefined,
    });
    assert.deepEqual(nextRollingStep(policy, state({ servingOutdated: 2, outdated: 3, leaving: 1 })), {
      create: 0,
      retire: 0,
      holdUntil: undefined,
    });
    const gone = nextRollingStep(policy, state({ servingOutdated: 2, outdated: 2 }));
    assert.deepEqual(gone, { create: 1, retire: 0, holdUntil: undefined });
  });

  test('waits for the delay between two batches', () => {
    const policy: UpdatePolicy = { ...startFirst, delayMs: 1_000 };
    const between = state({
      current: 1,
      servingCurrent: 1,
      servingOutdated: 2,
      outdated: 2,
      lastServingAt: 500,
      now: 600,
    });
    assert.deepEqual(nextRollingStep(policy, between), { create: 0, retire: 0, holdUntil: 1_500 });
    assert.equal(nextRollingStep(policy, { ...between, now: 1_500 }).create, 1);
  });

  test('waits for the delay also while what was replaced is on its way out', () => {
    const policy: UpdatePolicy = { ...startFirst, delayMs: 1_000 };
    const leaving = state({
      current: 1,
      servingCurrent: 1,
      servingOutdated: 2,
      outdated: 3,
      leaving: 1,
      lastServingAt: 500,
      now: 600,
    });
    assert.equal(nextRollingStep(policy, leaving).create, 0);
    const stopped = { ...leaving, desired: 4, servingOutdated: 2, outdated: 3 };
    assert.equal(nextRollingStep({ ...policy, parallelism: 2, order: 'stop-first' }, stopped).retire, 0);
  });

  test('takes a batch that serves in part for none that is over', () => {
    const half = state({
      desired: 4,
      current: 2,
      servingCurrent: 1,
      servingOutdated: 4,
      outdated: 4,
      lastServingAt: 500,
      now: 600,
    });
    const delayed: UpdatePolicy = { ...startFirst, parallelism: 2, delayMs: 1_000 };
    assert.equal(nextRollingStep(delayed, half).create, 0);
    assert.equal(nextRollingStep(delayed, { ...half, now: 9_000 }).create, 0);
    const watched = nextRollingStep({ ...delayed, delayMs: 0 }, { ...half, watchedUntil: 3_500 });
    assert.deepEqual(watched, { create: 0, retire: 0, holdUntil: 3_500 });
  });

  test('fills the first batch while a part of it is watched', () => {
    const watched = {
      desired: 4,
      current: 1,
      servingCurrent: 1,
      servingOutdated: 4,
      outdated: 4,
      watchedUntil: 10,
    };
    assert.equal(nextRollingStep({ ...startFirst, parallelism: 2 }, state(watched)).create, 1);
  });

  test('whatever the counts, start-first never takes the serving below the desired number', () => {
    holds(
      property(
        nat(8),
        nat(8),
        nat(8),
        nat(8),
        nat(4),
        (desired, serving, starting, outdated, parallelism) => {
          const from = state({
            desired,
            current: serving + starting,
            servingCurrent: serving,
            servingOutdated: outdated,
            outdated,
          });
          const step = nextRollingStep({ ...startFirst, parallelism }, from);
          const left = serving + outdated - step.retire;
          assert.ok(left >= Math.min(desired, serving + outdated));
          assert.ok(step.create <= Math.max(0, desired - from.current));
        },
      ),
    );
  });

  test('whatever the counts, stop-first never has more than the desired number', () => {
    holds(
      property(nat(8), nat(8), nat(8), nat(4), (desired, current, outdated, parallelism) => {
        const from = state({
          desired,
          current,
          servingCurrent: current,
          servingOutdated: outdated,
          outdated,
        });
        const { create } = nextRollingStep({ ...startFirst, order: 'stop-first', parallelism }, from);
        assert.ok(current + outdated + create <= Math.max(desired, current + outdated));
      }),
    );
  });
});
