import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RecyclePolicy } from '../../src/model/recycle.ts';
import { chooseRecycled, type RecycleFacts } from '../../src/rollout/recycle.ts';

const day = 86_400_000;

function policy(fields: Partial<RecyclePolicy>): RecyclePolicy {
  return { maxRequests: undefined, maxAgeMs: undefined, maxMemoryBytes: undefined, jitter: 0, ...fields };
}

function replica(index: number, fields: Partial<RecycleFacts> = {}): RecycleFacts {
  return {
    replicaId: `id-${index}`,
    instance: `web-${index}`,
    startedAt: 0,
    requests: 0,
    memoryBytes: undefined,
    ...fields,
  };
}

describe('a replica is due', () => {
  test('by requests, age or memory, and the one furthest beyond its limit comes first', () => {
    const limits = policy({ maxRequests: 1_000, maxAgeMs: day, maxMemoryBytes: 400 * 1024 ** 2 });
    const replicas = [
      replica(1, { requests: 1_100 }),
      replica(2, { memoryBytes: 800 * 1024 ** 2 }),
      replica(3, { requests: 999 }),
    ];
    const { choice } = chooseRecycled(limits, replicas, day / 2);
    assert.equal(choice?.replica.instance, 'web-2');
    assert.equal(choice.reason, 'recycled at 800 MiB of memory');
    assert.equal(
      chooseRecycled(limits, [replicas[0]!], day / 2).choice?.reason,
      'recycled after 1100 requests',
    );
    assert.equal(chooseRecycled(limits, [replicas[2]!], day).choice?.reason, 'recycled after 86400 s');
  });

  test('not before, and then it is said when the next one is', () => {
    const replicas = [replica(1, { startedAt: 500 }), replica(2, { startedAt: 700 })];
    const { choice, wakeAt } = chooseRecycled(policy({ maxAgeMs: day, maxRequests: 10 }), replicas, 1_000);
    assert.equal(choice, undefined);
    assert.equal(wakeAt, day + 500);
  });

  test('not by a memory that nobody measures', () => {
    assert.equal(chooseRecycled(policy({ maxMemoryBytes: 1 }), [replica(1)], day).choice, undefined);
  });
});

test('jitter spreads replicas that began together over the whole of it, and each keeps its own limit', () => {
  const limits = policy({ maxRequests: 1_000, jitter: 0.5 });
  const limitOf = (index: number): number => {
    for (let requests = 1_000; requests <= 1_500; requests += 1) {
      const facts = replica(index, { requests, startedAt: 12_345 });
      if (chooseRecycled(limits, [facts], 0).choice !== undefined) return requests;
    }
    return assert.fail(`replica ${index} is never due`);
  };
  const found = Array.from({ length: 100 }, (_, index) => limitOf(index));
  assert.deepEqual(
    found,
    Array.from({ length: 100 }, (_, index) => limitOf(index)),
  );
  for (const quarter of [0, 1, 2, 3]) {
    const share = found.filter((limit) => limit > 1_000 + quarter * 125 && limit <= 1_125 + quarter * 125);
    assert.ok(share.length >= 10, `${share.length} of 100 in quarter ${quarter}`);
  }
});
