import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RoutingTable } from '../../src/balancer/balancer-driver.ts';
import { nextFacts, workerTable } from '../../src/balancer/proxy/primary/table-state.ts';
import { endpointEntry, poolEntry, samplePolicy } from './routing-samples.ts';

function tableOf(...endpoints: Parameters<typeof endpointEntry>[]): RoutingTable {
  const policy = { ...samplePolicy, drainTimeoutMs: 500, slowStartMs: 1_000 };
  return {
    listeners: [],
    pools: [
      poolEntry(
        endpoints.map((entry) => endpointEntry(...entry)),
        { policy },
      ),
    ],
  };
}

describe('the facts beside the table', () => {
  test('the first endpoints of a pool take their full share, later ones ramp up', () => {
    const first = nextFacts(new Map(), tableOf(['a'], ['b']), 1_000);
    assert.deepEqual([first.get('a')?.activeSince, first.get('b')?.activeSince], [0, 0]);
    const second = nextFacts(first, tableOf(['a'], ['b'], ['c']), 2_000);
    assert.deepEqual([second.get('a')?.activeSince, second.get('c')?.activeSince], [0, 2_000]);
  });

  test('an endpoint ramps up from when it becomes healthy', () => {
    const before = nextFacts(new Map(), tableOf(['a'], ['b', { isHealthy: false }]), 1_000);
    const after = nextFacts(before, tableOf(['a'], ['b']), 3_000);
    assert.equal(after.get('b')?.activeSince, 3_000);
    assert.equal(nextFacts(after, tableOf(['a'], ['b']), 4_000).get('b')?.activeSince, 3_000);
  });

  test('the drain deadline counts from when draining was first seen', () => {
    const active = nextFacts(new Map(), tableOf(['a']), 1_000);
    assert.equal(active.get('a')?.drainDeadline, undefined);
    const draining = tableOf(['a', { rotation: 'draining' }]);
    const first = nextFacts(active, draining, 2_000);
    const second = nextFacts(first, draining, 2_300);
    assert.equal(second.get('a')?.drainDeadline, 2_500);
    assert.equal(workerTable(draining, second).pools[0]?.endpoints[0]?.drainDeadline, 2_500);
    const back = nextFacts(second, tableOf(['a']), 2_400);
    assert.equal(back.get('a')?.drainDeadline, undefined);
    assert.equal(nextFacts(back, draining, 9_000).get('a')?.drainDeadline, 9_500);
  });

  test('the verdict of the active checks is forgotten when an endpoint leaves rotation', () => {
    const facts = nextFacts(new Map(), tableOf(['a']), 1_000);
    const before = facts.get('a');
    if (before === undefined) throw new Error('a is in the table');
    facts.set('a', { ...before, isDown: true, downReason: 'connection refused' });
    assert.equal(nextFacts(facts, tableOf(['a']), 2_000).get('a')?.isDown, true);
    assert.equal(nextFacts(facts, tableOf(['a', { isHealthy: false }]), 2_000).get('a')?.isDown, false);
  });
});
