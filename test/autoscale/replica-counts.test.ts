import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  keepingAutoscaled,
  withAutoscalePaused,
  withReplicas,
} from '../../src/daemon/autoscale/replica-counts.ts';
import type { UpRequest } from '../../src/daemon/control-api.ts';
import { bringUp, scaleTo } from '../../src/daemon/stack/transitions.ts';
import { isTenfoldError } from '../../src/shared/errors.ts';
import { desiredOf, webService } from '../helpers/simulated/memory-stack.ts';
import { policyOf } from './samples.ts';

const autoscale = policyOf({ min: 2, max: 6 });
const up = (fields: Partial<UpRequest> = {}, replicas = 1): UpRequest => ({
  requester: { user: 'me', commandLine: 'tenfold up' },
  stack: desiredOf([webService({ replicas, autoscale })]).stack,
  scale: {},
  resetScale: false,
  removeOrphans: false,
  forceRecreate: false,
  ...fields,
});
const first = bringUp(undefined, up(), 1);
const isRefused = (thrown: unknown): boolean =>
  isTenfoldError(thrown, 'invalid-scale') && /autoscale pause web/.test(thrown.hint ?? '');

describe('the number of replicas of a service that scales by itself', () => {
  const countOf = ({ services }: ReturnType<typeof bringUp>) => [
    services['web']?.replicas,
    services['web']?.source,
  ];

  test('starts with that of the file, within the bounds', () => {
    assert.deepEqual(countOf(first), [2, 'autoscaler']);
    assert.deepEqual(countOf(bringUp(undefined, up({}, 9), 1)), [6, 'autoscaler']);
  });

  test('is not reset by an up, whatever the file says by now', () => {
    const scaled = withReplicas(first, 'web', 5);
    assert.deepEqual(countOf(bringUp(scaled, up(), 2)), [5, 'autoscaler']);
    assert.deepEqual(countOf(bringUp(scaled, up({}, 3), 2)), [5, 'autoscaler']);
    assert.deepEqual(countOf(bringUp(scaled, up({ resetScale: true }, 3), 2)), [3, 'autoscaler']);
  });

  test('is brought within bounds that have changed', () => {
    const narrow = { stack: desiredOf([webService({ autoscale: policyOf({ min: 3, max: 4 }) })]).stack };
    assert.deepEqual(countOf(bringUp(withReplicas(first, 'web', 6), up(narrow), 2)), [4, 'autoscaler']);
    assert.deepEqual(countOf(bringUp(withReplicas(first, 'web', 0), up(narrow), 2)), [3, 'autoscaler']);
  });

  test('goes on from what it was when autoscale comes into the file, and is that of the file when it goes', () => {
    const plain = { stack: desiredOf([webService({ replicas: 4 })]).stack };
    const before = scaleTo(bringUp(undefined, up(plain), 1), { web: 5 }, 1);
    assert.deepEqual(countOf(bringUp(before, up({}, 4), 2)), [5, 'autoscaler']);
    assert.deepEqual(countOf(bringUp(withReplicas(first, 'web', 6), up(plain), 2)), [4, 'file']);
  });

  test('is refused from the command line, with what to do', () => {
    assert.throws(() => scaleTo(first, { web: 3 }, 2), isRefused);
    assert.throws(() => bringUp(first, up({ scale: { web: 3 } }), 2), isRefused);
    assert.throws(() => bringUp(undefined, up({ scale: { web: 3 } }), 2), isRefused);
  });

  test('is a person’s while it is paused, and stays over up', () => {
    const paused = scaleTo(withAutoscalePaused(first, ['web'], true), { web: 9 }, 2);
    assert.deepEqual(countOf(bringUp(paused, up(), 3)), [9, 'command']);
    const resumed = withAutoscalePaused(bringUp(paused, up(), 3), ['web'], false);
    assert.deepEqual(countOf(resumed), [9, 'autoscaler']);
    assert.throws(() => scaleTo(resumed, { web: 3 }, 4), isRefused);
  });

  test('stays over up while it is paused, also when nobody has said another one', () => {
    const paused = withAutoscalePaused(withReplicas(first, 'web', 5), ['web'], true);
    assert.deepEqual(countOf(bringUp(paused, up(), 3)), [5, 'autoscaler']);
    assert.deepEqual(countOf(bringUp(paused, up({ resetScale: true }, 3), 3)), [3, 'file']);
  });

  test('is a person’s in shadow mode', () => {
    const shadow = webService({ autoscale: policyOf({ isShadow: true }) });
    const before = bringUp(undefined, up({ stack: desiredOf([shadow]).stack }), 1);
    assert.deepEqual(countOf(before), [3, 'file']);
    assert.deepEqual(countOf(scaleTo(before, { web: 1 }, 2)), [1, 'command']);
  });

  test('is what the autoscaler made of it while a command was on its way', () => {
    const now = withReplicas(first, 'web', 4);
    const after = bringUp(first, up({ forceRecreate: true }), 7);
    const kept = keepingAutoscaled(after, first, now);
    assert.deepEqual([kept.services['web']?.replicas, kept.services['web']?.recreateBefore], [4, 7]);
  });

  test('is what the command says when that is what it is about', () => {
    const before = withReplicas(first, 'web', 5);
    const reset = bringUp(before, up({ resetScale: true }, 3), 2);
    assert.equal(keepingAutoscaled(reset, before, before).services['web']?.replicas, 3);
  });
});
