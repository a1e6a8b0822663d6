import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  decideRestart,
  noHistory,
  type ReplicaHistory,
} from '../../src/controller/reconcile/restart-policy.ts';
import type { RestartPolicy } from '../../src/model/service.ts';

const onFailure: RestartPolicy = {
  condition: 'on-failure',
  delayMs: undefined,
  maxAttempts: undefined,
  windowMs: undefined,
};
const shortRuns = (count: number): ReplicaHistory => ({
  ends: Array.from({ length: count }, (_, index) => ({ time: index, uptimeMs: 50 })),
  restarts: count,
});

describe('restart policy', () => {
  test('what completed stays ended, unless the condition is any', () => {
    assert.deepEqual(decideRestart(onFailure, noHistory, 0, 100), { kind: 'completed' });
    assert.equal(decideRestart({ ...onFailure, condition: 'any' }, shortRuns(1), 0, 100).kind, 'start');
  });

  test('the first restart is immediate, then the delay doubles from 100 ms up to 30 s', () => {
    const delays = [1, 2, 3, 4, 5, 20].map((count) => {
      const decision = decideRestart(onFailure, shortRuns(count), 1, 1_000);
      return decision.kind === 'start' ? decision.at - 1_000 : undefined;
    });
    assert.deepEqual(delays, [0, 100, 200, 400, 800, 30_000]);
  });

  test('a run that lasted begins the back-off anew', () => {
    const history: ReplicaHistory = {
      ends: [...shortRuns(9).ends, { time: 9, uptimeMs: 60_000 }],
      restarts: 10,
    };
    assert.deepEqual(decideRestart(onFailure, history, 1, 1_000), { kind: 'start', at: 1_000, attempt: 1 });
  });

  test("the file's own delay, attempts and window are honoured", () => {
    const policy: RestartPolicy = { condition: 'any', delayMs: 5_000, maxAttempts: 2, windowMs: 40 };
    assert.deepEqual(decideRestart(policy, shortRuns(1), 1, 0), { kind: 'start', at: 5_000, attempt: 1 });
    const briefer: ReplicaHistory = { ends: [1, 2, 3].map((time) => ({ time, uptimeMs: 10 })), restarts: 3 };
    assert.equal(decideRestart(policy, briefer, 1, 0).kind, 'give-up');
  });

  test('an end that nobody saw counts as a failure', () => {
    assert.equal(decideRestart(onFailure, shortRuns(1), undefined, 0).kind, 'start');
  });

  test('the condition none restarts nothing', () => {
    assert.equal(decideRestart({ ...onFailure, condition: 'none' }, shortRuns(1), 1, 0).kind, 'give-up');
  });
});
