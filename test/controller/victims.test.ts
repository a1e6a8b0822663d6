import assert from 'node:assert/strict';
import { test } from 'node:test';
import { observedReplica, t0 } from '../helpers/simulated/observed-replica.ts';
import { chooseVictims } from '../../src/controller/reconcile/victims.ts';

const names = (victims: ReturnType<typeof chooseVictims>): readonly string[] =>
  victims.map(({ replica }) => replica.replica.instance);

test('takes the highest index when all are alike', () => {
  const victims = chooseVictims(
    [1, 2, 3, 4, 5].map((index) => observedReplica(index)),
    2,
    () => false,
  );
  assert.deepEqual(names(victims), ['web-5', 'web-4']);
});

test('takes obsolete before unhealthy before least in flight before highest index', () => {
  const replicas = [
    observedReplica(1, { inFlight: 9 }, { revision: 'b'.repeat(64) }),
    observedReplica(2, { inFlight: 8, health: 'unhealthy' }),
    observedReplica(3, { inFlight: 0 }),
    observedReplica(4, { inFlight: 2 }),
    observedReplica(5, { inFlight: 2 }),
  ];
  const victims = chooseVictims(replicas, 5, ({ replica }) => replica.revision.startsWith('b'));
  assert.deepEqual(names(victims), ['web-1', 'web-2', 'web-3', 'web-5', 'web-4']);
  assert.equal(victims[0]?.cause, 'obsolete revision');
  assert.equal(victims[1]?.cause, 'unhealthy');
});

test('goes on with the one that drains already, whatever the others carry by now', () => {
  const replicas = [
    observedReplica(1, { inFlight: 0 }),
    observedReplica(2, { rotation: 'draining', inFlight: 5 }),
  ];
  assert.deepEqual(names(chooseVictims(replicas, 1, () => false)), ['web-2']);
});

test('takes what does not run before what does', () => {
  const ended = observedReplica(
    1,
    {},
    { state: { kind: 'exited', exitCode: 1, startedAt: t0, finishedAt: t0 } },
  );
  assert.deepEqual(names(chooseVictims([ended, observedReplica(2)], 1, () => false)), ['web-1']);
});

test('takes nobody when there are none too many', () => {
  assert.deepEqual(
    chooseVictims([observedReplica(1)], 0, () => false),
    [],
  );
  assert.deepEqual(
    chooseVictims([observedReplica(1)], -3, () => false),
    [],
  );
});
