import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { snapshotOf, type World } from '../../src/controller/observe/observe.ts';
import { indexSnapshot } from '../../src/controller/observed.ts';
import type { Wait } from '../../src/controller/plan.ts';
import { reconcile } from '../../src/controller/reconcile/reconcile.ts';
import { emptyTable } from '../../src/controller/reconcile/routing.ts';
import { desiredOf, webService } from '../helpers/simulated/memory-stack.ts';
import { observedReplica, t0 } from '../helpers/simulated/observed-replica.ts';

/** What is waited for while a replica, which has run since `t0`, is not known to be healthy since `watchedSince`. */
function waitAt(now: number, watchedSince: number): Wait | undefined {
  const starting = observedReplica(1, { health: 'starting', healthSince: watchedSince, rotation: 'out' });
  const desired = desiredOf([webService({ startTimeoutMs: 3_000 })], { web: { replicas: 1 } });
  const world: World = {
    runtimes: { replicas: [], byId: new Map(), runtimeKinds: new Map(), unreachable: new Map() },
    balancer: { endpoints: [], pools: [], listeners: [] },
    routing: emptyTable,
  };
  const { waits } = reconcile(desired, indexSnapshot(snapshotOf(desired, world, [starting], now)));
  return waits.find(({ replicaId }) => replicaId === 'id-1');
}

describe('the start timeout', () => {
  test('counts from the start of a replica', () => {
    assert.equal(waitAt(t0 + 2_000, t0)?.failure, undefined);
    assert.equal(waitAt(t0 + 3_001, t0)?.failure, 'replica-failed');
  });

  test('counts anew for a daemon that has just begun to look after a replica', () => {
    const begun = t0 + 60_000;
    const wait = waitAt(begun, begun);
    assert.deepEqual([wait?.failure, wait?.reason], [undefined, 'not healthy after 0.0 s of 3.0 s']);
    assert.equal(waitAt(begun + 3_001, begun)?.failure, 'replica-failed');
  });
});
