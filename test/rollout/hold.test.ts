import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { promoteRollouts } from '../../src/daemon/rollout/steer.ts';
import type { RolloutFacts } from '../../src/rollout/facts.ts';
import { isLookDue } from '../../src/rollout/gate/judge-revision.ts';
import { noRevisionTraffic, type RevisionTraffic } from '../../src/rollout/gate/revision-traffic.ts';
import { beginRollout } from '../../src/rollout/rollout.ts';
import { advanceBlueGreen } from '../../src/rollout/strategies/blue-green.ts';
import { eventually } from '../helpers/eventually.ts';
import { webService } from '../helpers/simulated/memory-stack.ts';
import { newRevision, oldRevision, rolloutWorld, type RolloutWorld } from './rollout-world.ts';

const steady = { errorRate: 0, latencyMs: 20, perSecond: 20_000 };
/** At the limit of 1 %: for a long time neither word can be said. */
const doubtful = { ...steady, errorRate: 0.0101 };
const bad = { ...steady, errorRate: 0.2 };

function revisionOf({ world }: RolloutWorld): string | undefined {
  return world.controller.desired.stack.services['web']?.revision;
}

for (const strategy of ['rolling', 'blue-green'] as const) {
  describe(`a ${strategy} rollout whose comparison is in doubt`, () => {
    test('is held beyond monitor, and taken back when the doubt was right', async () => {
      let fresh = doubtful;
      await using rollout = await rolloutWorld({
        rollout: { strategy },
        update: { monitorMs: 1_000 },
        traffic: (revision) => (revision === newRevision ? fresh : steady),
      });
      // The old revision has to have answered something that a comparison can be made with.
      const begunAt = Date.now();
      await eventually(() => assert.ok(Date.now() > begunAt + 300));
      rollout.deploy();
      await eventually(() => assert.ok(rollout.web().rollout?.heldUntil));
      const { heldUntil = 0, phaseSince = 0, served = {} } = rollout.web().rollout ?? {};
      const since = strategy === 'rolling' ? Math.min(...Object.values(served)) : phaseSince;
      assert.equal(heldUntil - since, 10_000);
      // Past the watch over the first batch, or the new set.
      await eventually(() => assert.ok(Date.now() > since + 1_500));
      assert.ok(rollout.web().rollout?.heldUntil, 'it still waits');
      fresh = bad;
      await rollout.settled();
      assert.equal(revisionOf(rollout), oldRevision);
      assert.match(rollout.failures().join('\n'), /errors 20 %/);
      assert.ok(rollout.fewestInRotation() >= 3);
    });

    test('goes on when the limit of the wait has come', async () => {
      await using rollout = await rolloutWorld({
        rollout: { strategy },
        update: { monitorMs: 50 },
        traffic: (revision) => (revision === newRevision ? doubtful : steady),
      });
      rollout.deploy();
      await rollout.settled();
      assert.equal(revisionOf(rollout), newRevision);
      assert.deepEqual(rollout.failures(), []);
    });

    test('goes on when a person promotes it', async () => {
      await using rollout = await rolloutWorld({
        rollout: { strategy },
        update: { monitorMs: 1_500 },
        traffic: (revision) => (revision === newRevision ? doubtful : steady),
      });
      rollout.deploy();
      await eventually(() => assert.ok(rollout.web().rollout?.heldUntil));
      const { controller } = rollout.world;
      controller.setDesired(promoteRollouts(controller.desired, ['web'], false, Date.now()));
      assert.equal(rollout.web().rollout?.hasPassed, true);
      // The wait of 15 s would be too long for this.
      await rollout.settled();
      assert.equal(revisionOf(rollout), newRevision);
    });

    test('is not held where too little is asked for a verdict to come', async () => {
      const held: unknown[] = [];
      await using rollout = await rolloutWorld({
        rollout: { strategy },
        update: { monitorMs: 100 },
        traffic: () => {
          held.push(rollout.web().rollout?.heldUntil);
          return { ...steady, perSecond: 1 };
        },
      });
      rollout.deploy();
      await rollout.settled();
      assert.equal(revisionOf(rollout), newRevision);
      assert.ok(held.length > 0);
      assert.ok(held.every((until) => until === undefined));
    });
  });
}

/** So many answers, all after that time. */
function answered(requests: number, latencyMs: number): RevisionTraffic {
  const buckets = { [Math.ceil(8 * Math.log2(latencyMs))]: requests };
  return { requests, errors: 0, latency: { count: requests, sumMs: requests * latencyMs, buckets } };
}

test('a new set is compared with the old one as it was before the new one was started, which may have slowed it down', () => {
  const service = webService();
  const startedAt = 1_000_000;
  const phaseSince = startedAt + 30_000;
  const rollout = {
    ...beginRollout(
      { number: 2, strategy: 'blue-green', from: oldRevision, to: newRevision, isRollback: false },
      startedAt,
    ),
    phase: 'switched' as const,
    phaseSince,
  };
  const facts = (wasAsked: boolean): RolloutFacts => ({
    now: phaseSince + 2_000,
    policy: service.rollout,
    pace: service.update,
    replicas: 3,
    fresh: [],
    stale: [],
    faults: [],
    isBlind: false,
    smoke: { kind: 'passed' },
    hook: { kind: 'pending' },
    trafficOf: (revision, _from, to) => {
      if (revision === newRevision) return answered(400, 100);
      if (to > startedAt) return answered(3_000, 90);
      return wasAsked ? answered(1_000, 20) : noRevisionTraffic;
    },
    isGateOpen: false,
  });
  assert.equal(advanceBlueGreen(rollout, facts(true)).kind, 'failed');
  assert.equal(advanceBlueGreen(rollout, facts(false)).kind, 'on');
});

test('the gate goes on looking while only the new revision is asked', () => {
  const { gate } = webService().rollout;
  assert.ok(gate);
  const before = answered(2 * gate.minRequests, 20);
  assert.equal(isLookDue(gate, answered(40 * gate.minRequests, 20), before, 10), true);
  assert.equal(isLookDue(gate, answered(gate.minRequests, 20), before, 1), false);
  assert.equal(isLookDue(gate, answered(1_000, 20), noRevisionTraffic, 0), false);
});
