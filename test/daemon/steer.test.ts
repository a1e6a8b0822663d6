import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { desiredOf, webService } from '../helpers/simulated/memory-stack.ts';
import type { Desired } from '../../src/controller/desired.ts';
import { beginRollouts } from '../../src/daemon/rollout/begin-rollouts.ts';
import { refuseDuringRollout } from '../../src/daemon/rollout/refuse-during-rollout.ts';
import {
  abortRollouts,
  pauseRollouts,
  promoteRollouts,
  resumeRollouts,
  undoRevisions,
} from '../../src/daemon/rollout/steer.ts';
import type { RolloutStrategy } from '../../src/model/rollout.ts';
import type { Rollout } from '../../src/rollout/rollout.ts';
import { isTenfoldError } from '../../src/shared/errors.ts';

const revision = (letter: string): string => letter.repeat(64);

/** Web on its way from a to b. */
function moving(strategy: RolloutStrategy, fields: Partial<Rollout> = {}): Desired {
  const service = webService({ revision: revision('a') });
  const before = desiredOf([service]);
  const about = { user: 'me', commandLine: 'tenfold deploy', startedAt: 5 };
  const stack = { ...before.stack, services: { web: { ...service, revision: revision('b') } } };
  const after = beginRollouts(before, { ...before, stack }, about, { strategies: { web: strategy } });
  const change = { ...about, id: 'x', command: 'deploy', services: ['web'], before };
  const web = after.services['web'];
  assert.ok(web?.rollout !== undefined);
  return { ...after, change, services: { web: { ...web, rollout: { ...web.rollout, ...fields } } } };
}

const rolloutOf = ({ services }: Desired): Rollout | undefined => services['web']?.rollout;
const isNoRollout = (thrown: unknown): boolean => isTenfoldError(thrown, 'no-rollout');

describe('a person says', () => {
  test('pause, and resume gives what had failed another chance', () => {
    const paused = pauseRollouts(moving('rolling'), undefined, 'me', 9);
    assert.deepEqual(rolloutOf(paused)?.pause, { since: 9, by: 'person', reason: 'by me' });
    assert.throws(() => pauseRollouts(paused, undefined, 'me', 9), isNoRollout);
    const failures = [{ replicaId: '1', instance: 'web-1', reason: 'x', at: 1 }];
    const halted = moving('rolling', { failures, pause: { since: 1, by: 'failure', reason: 'x' } });
    const resumed = rolloutOf(resumeRollouts(halted, undefined));
    assert.deepEqual([resumed?.pause, resumed?.failures], [undefined, []]);
    assert.throws(() => resumeRollouts(moving('rolling'), undefined), isNoRollout);
  });

  test('promote: the next share of a canary, or all of it', () => {
    const observing = moving('canary', { phase: 'observing' });
    const next = rolloutOf(promoteRollouts(observing, ['web'], false, 9));
    assert.deepEqual([next?.step, next?.phase], [1, 'starting']);
    assert.equal(rolloutOf(promoteRollouts(observing, undefined, true, 9))?.step, 3);
    assert.throws(() => promoteRollouts(moving('canary', { step: 3 }), undefined, false, 9), isNoRollout);
    assert.throws(() => promoteRollouts(moving('rolling'), undefined, false, 9), isNoRollout);
  });

  test('promote: a set under test takes over, and a kept one goes', () => {
    const tested = promoteRollouts(moving('blue-green', { phase: 'testing' }), undefined, false, 9);
    assert.equal(rolloutOf(tested)?.phase, 'switched');
    const kept = promoteRollouts(moving('blue-green', { phase: 'keeping' }), undefined, false, 9);
    assert.equal(rolloutOf(kept), undefined);
  });

  test('abort: all of the change is undone, and the history says by whom', () => {
    const aborted = abortRollouts(moving('canary'), undefined, 'me', 9);
    assert.equal(aborted.stack.services['web']?.revision, revision('a'));
    assert.deepEqual([rolloutOf(aborted)?.isRollback, rolloutOf(aborted)?.to], [true, revision('a')]);
    const last = aborted.services['web']?.revisions?.at(-1);
    assert.deepEqual([last?.outcome, last?.reason, last?.endedAt], ['aborted', 'aborted by me', 9]);
    assert.throws(() => abortRollouts(aborted, undefined, 'me', 10), isNoRollout);
  });

  test('anything about a service that is not there', () => {
    const isUnknown = (thrown: unknown): boolean => isTenfoldError(thrown, 'unknown-service');
    assert.throws(() => pauseRollouts(moving('rolling'), ['wbe'], 'me', 9), isUnknown);
  });
});

describe('undo', () => {
  const settled = (outcomes: readonly ('succeeded' | 'rolled back')[]): Desired => {
    const letters = ['a', 'b', 'c'];
    const services = letters.map((letter) => webService({ revision: revision(letter) }));
    const last = services[outcomes.length - 1] ?? assert.fail();
    const revisions = outcomes.map((outcome, at) => ({
      number: at + 1,
      revision: revision(letters[at] ?? ''),
      service: services[at] ?? last,
      startedAt: at,
      user: 'me',
      command: 'up',
      outcome,
    }));
    return desiredOf([last], { web: { revisions } });
  };

  test('goes to the last revision that succeeded before the present one', () => {
    const undone = undoRevisions(settled(['succeeded', 'rolled back', 'succeeded']), undefined, undefined);
    assert.equal(undone.stack.services['web']?.revision, revision('a'));
  });

  test('goes to a number, or to the beginning of a revision', () => {
    const three = settled(['succeeded', 'succeeded', 'succeeded']);
    assert.equal(undoRevisions(three, ['web'], '1').stack.services['web']?.revision, revision('a'));
    assert.equal(undoRevisions(three, ['web'], 'bbbb').stack.services['web']?.revision, revision('b'));
  });

  test('refuses what is not there, and the present one', () => {
    const isNone = (thrown: unknown): boolean => isTenfoldError(thrown, 'no-rollout');
    assert.throws(() => undoRevisions(settled(['succeeded']), undefined, undefined), isNone);
    assert.throws(() => undoRevisions(settled(['succeeded', 'succeeded']), undefined, '2'), isNone);
    assert.throws(() => undoRevisions(settled(['succeeded', 'succeeded']), undefined, '7'), isNone);
  });
});

test('other changes are refused while a rollout is under way, and not while a set is only kept', () => {
  const isRefused = (thrown: unknown): boolean => isTenfoldError(thrown, 'rollout-in-progress');
  assert.throws(() => refuseDuringRollout(moving('canary'), 'scale'), isRefused);
  refuseDuringRollout(moving('blue-green', { phase: 'keeping' }), 'scale');
});

describe('a command that moves services', () => {
  const about = { user: 'me', commandLine: 'tenfold up', startedAt: 7 };

  test('keeps at most ten revisions', () => {
    let desired = desiredOf([webService({ revision: revision('a') })]);
    for (let at = 0; at < 14; at += 1) {
      const web = webService({ revision: String(at).padStart(64, '0') });
      desired = beginRollouts(desired, { ...desired, stack: desiredOf([web]).stack }, about);
    }
    const revisions = desired.services['web']?.revisions ?? [];
    assert.deepEqual([revisions.length, revisions[0]?.number, revisions.at(-1)?.number], [10, 6, 15]);
  });

  test('is on its way nowhere when it stops them', () => {
    const before = moving('canary');
    const { web } = before.services;
    assert.ok(web !== undefined);
    const stopped = beginRollouts(
      before,
      { ...before, services: { web: { ...web, phase: 'stopped' } } },
      about,
    );
    assert.equal(rolloutOf(stopped), undefined);
    assert.equal(stopped.services['web']?.revisions?.at(-1)?.outcome, 'superseded');
    assert.equal(
      stopped.stack.services['web']?.revision,
      revision('a'),
      'what has proven nothing is not started again',
    );
  });
});
