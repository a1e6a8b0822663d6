import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EndpointEntry, TrafficSplit } from '../../src/balancer/balancer-driver.ts';
import type { BalancingPolicy } from '../../src/model/balancing.ts';
import type { EndpointState, InFlight } from '../../src/balancer/proxy/worker/endpoint-state.ts';
import type { PoolState } from '../../src/balancer/proxy/worker/pool-state.ts';
import type { RequestTraits } from '../../src/balancer/proxy/worker/request-traits.ts';
import { hashOf } from '../../src/balancer/proxy/worker/selection/hash.ts';
import { selectEndpoint } from '../../src/balancer/proxy/worker/selection/select-endpoint.ts';
import { endpointEntry, poolStateOf } from './routing-samples.ts';

const now = 1_000_000;
const nobody = { pinned: undefined, demandsCanary: false, isSecure: false };
const work = (): InFlight => ({ isStream: () => false, dismiss: () => {}, cut: () => {} });

function poolOf(
  policy: Partial<BalancingPolicy>,
  endpoints: readonly EndpointEntry[],
  split?: TrafficSplit,
): PoolState {
  const entry = split === undefined ? {} : { split };
  return poolStateOf(endpoints, { policy, entry }, now);
}

function entries(count: number): EndpointEntry[] {
  return Array.from({ length: count }, (_, index) => endpointEntry(`web-${index + 1}`));
}

/** How often each was chosen. */
function tally(
  pool: PoolState,
  times: number,
  traits?: (turn: number) => RequestTraits,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (let turn = 0; turn < times; turn++) {
    const id = selectEndpoint(pool, now, [], traits?.(turn))?.id ?? '-';
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

const keyed = (key: string): RequestTraits => ({ ...nobody, hash: hashOf(key) });

function owners(pool: PoolState, keys: number, at = now): string[] {
  return Array.from(
    { length: keys },
    (_, key) => selectEndpoint(pool, at, [], keyed(`key ${key}`))?.id ?? '-',
  );
}

function endpoint(pool: PoolState, index: number): EndpointState {
  const found = pool.endpoints[index];
  assert.ok(found);
  return found;
}

describe('weights', () => {
  for (const algorithm of ['round_robin', 'least_conn'] as const) {
    test(`divide the requests of ${algorithm} exactly`, () => {
      const pool = poolOf({ algorithm }, [
        endpointEntry('a', { weight: 5 }),
        endpointEntry('b', { weight: 3 }),
        endpointEntry('c', { weight: 2 }),
      ]);
      assert.deepEqual(Object.fromEntries(tally(pool, 1_000)), { a: 500, b: 300, c: 200 });
    });
  }

  test('divide what is in flight under least_conn', () => {
    const pool = poolOf({}, [endpointEntry('a', { weight: 3 }), endpointEntry('b')]);
    for (let count = 0; count < 40; count++) selectEndpoint(pool, now, [])?.begin(work());
    assert.deepEqual(
      pool.endpoints.map((each) => each.inFlight.size),
      [30, 10],
    );
  });

  test('divide the keys of a hash', () => {
    const pool = poolOf({ algorithm: 'hash' }, [endpointEntry('a', { weight: 3 }), endpointEntry('b')]);
    const share = owners(pool, 10_000).filter((id) => id === 'a').length / 10_000;
    assert.ok(Math.abs(share - 0.75) < 0.05, `${share}`);
  });
});

describe('least_conn over many endpoints', () => {
  test('compares a few in turn, and still spreads what is in flight to within one or two', () => {
    const pool = poolOf({}, entries(300));
    for (let count = 0; count < 3_000; count++) selectEndpoint(pool, now, [])?.begin(work());
    const loads = pool.endpoints.map((each) => each.inFlight.size);
    assert.ok(Math.max(...loads) <= 12 && Math.min(...loads) >= 8, loads.join());
  });

  test('finds the only one that has room', () => {
    const pool = poolOf({ maxConnections: 1 }, entries(300));
    for (const each of pool.endpoints) each.room = each.id === 'web-222' ? 1 : 0;
    assert.equal(selectEndpoint(pool, now, [])?.id, 'web-222');
  });
});

describe('hash', () => {
  test('sends a key to the same endpoint every time, and spreads keys', () => {
    const pool = poolOf({ algorithm: 'hash' }, entries(10));
    const first = owners(pool, 10_000);
    assert.deepEqual(owners(pool, 10_000), first);
    for (const { id } of pool.endpoints) {
      const share = first.filter((owner) => owner === id).length / 10_000;
      assert.ok(share > 0.07 && share < 0.13, `${id}: ${share}`);
    }
  });

  for (const [name, before, after, bound] of [
    ['one of ten goes', 10, 9, 0.13],
    ['an eleventh comes', 10, 11, 0.13],
    ['ten become twenty', 10, 20, 0.55],
  ] as const) {
    test(`moves no more keys than it must when ${name}`, (t) => {
      const keys = 20_000;
      const old = owners(poolOf({ algorithm: 'hash' }, entries(before)), keys);
      const fresh = owners(poolOf({ algorithm: 'hash' }, entries(after)), keys);
      const moved = old.filter((owner, key) => owner !== fresh[key]);
      t.diagnostic(`${((moved.length / keys) * 100).toFixed(1)} % of the keys moved`);
      assert.ok(moved.length / keys < bound, `${moved.length / keys}`);
      const kept = new Set(entries(Math.min(before, after)).map(({ id }) => id));
      const needless = old.filter((owner, key) => {
        const next = fresh[key] ?? '';
        return owner !== next && kept.has(owner) && kept.has(next);
      });
      assert.deepEqual(needless, [], 'no key moves between two that stay');
    });
  }

  test('is the same in every worker, and for a replica that takes over under the same name', () => {
    const pool = poolOf({ algorithm: 'hash' }, entries(5));
    const successors = entries(5).map((entry) => ({ ...entry, id: `${entry.id} again` }));
    const after = owners(poolOf({ algorithm: 'hash' }, successors), 1_000);
    assert.deepEqual(
      after,
      owners(pool, 1_000).map((id) => `${id} again`),
    );
  });

  test('leaves all other keys where they are while one endpoint cannot be asked', () => {
    const pool = poolOf({ algorithm: 'hash' }, entries(5));
    const before = owners(pool, 2_000);
    endpoint(pool, 2).isDown = true;
    pool.outdated();
    const during = owners(pool, 2_000);
    assert.ok(!during.includes('web-3'));
    assert.ok(before.every((owner, key) => owner === 'web-3' || owner === during[key]));
    endpoint(pool, 2).isDown = false;
    pool.outdated();
    assert.deepEqual(owners(pool, 2_000), before);
  });

  test('brings keys to a new endpoint one after another while it starts slowly', () => {
    const pool = poolOf({ algorithm: 'hash', slowStartMs: 10_000 }, entries(4));
    const fresh = endpoint(pool, 3);
    fresh.activeSince = now;
    pool.outdated();
    const has = (at: number): Set<number> => {
      pool.outdated();
      const ids = owners(pool, 4_000, at);
      return new Set(ids.flatMap((id, key) => (id === fresh.id ? [key] : [])));
    };
    const [early, middle, late] = [has(now + 1_000), has(now + 5_000), has(now + 10_000)];
    assert.ok(early.size < 0.2 * late.size && middle.size < 0.6 * late.size, `${early.size} ${middle.size}`);
    const staysIn = (few: Set<number>, more: Set<number>) => [...few].every((key) => more.has(key));
    assert.ok(staysIn(early, middle) && staysIn(middle, late), 'a key that came stays');
  });

  test('tries the next one for a request that failed, and the least loaded for one without a key', () => {
    const pool = poolOf({ algorithm: 'hash' }, entries(3));
    const first = selectEndpoint(pool, now, [], keyed('a'));
    assert.ok(first);
    const second = selectEndpoint(pool, now, [first], keyed('a'));
    assert.ok(second !== undefined && second !== first);
    assert.equal(tally(pool, 30).size, 3);
  });
});

describe('random_two', () => {
  test('takes the less loaded of the two, so that none is far above the others', () => {
    const pool = poolOf({ algorithm: 'random_two' }, entries(10));
    for (let count = 0; count < 1_000; count++) selectEndpoint(pool, now, [])?.begin(work());
    const loads = pool.endpoints.map((each) => each.inFlight.size);
    assert.ok(Math.max(...loads) <= 106 && Math.min(...loads) >= 94, loads.join());
  });

  test('asks one that is far busier than all others almost never', () => {
    const pool = poolOf({ algorithm: 'random_two' }, entries(4));
    for (let count = 0; count < 50; count++) endpoint(pool, 0).begin(work());
    assert.equal(tally(pool, 1_000).get('web-1'), undefined);
  });
});

describe('least_time', () => {
  test('asks each that it does not know once, then the fastest for its load', () => {
    const pool = poolOf({ algorithm: 'least_time' }, entries(3));
    const asked = Array.from({ length: 3 }, () => {
      const chosen = selectEndpoint(pool, now, []);
      chosen?.begin(work());
      return chosen?.id;
    });
    assert.equal(new Set(asked).size, 3);
    for (const [index, each] of pool.endpoints.entries()) {
      each.inFlight.clear();
      each.pace.answered(now, 10 * (index + 1));
    }
    for (let count = 0; count < 60; count++) selectEndpoint(pool, now, [])?.begin(work());
    const loads = pool.endpoints.map((each) => each.inFlight.size);
    // 10, 20 and 30 ms: 6 to 3 to 2.
    assert.ok(Math.abs((loads[0] ?? 0) - 33) <= 2 && Math.abs((loads[2] ?? 0) - 11) <= 2, loads.join());
  });

  test('gives one that was slow another chance after a while', () => {
    const pool = poolOf({ algorithm: 'least_time' }, entries(2));
    endpoint(pool, 0).pace.answered(now, 500);
    endpoint(pool, 1).pace.answered(now + 60_000, 10);
    assert.equal(selectEndpoint(pool, now + 60_000, [])?.id, 'web-1');
    endpoint(pool, 0).pace.answered(now + 60_000, 500);
    assert.equal(selectEndpoint(pool, now + 60_000, [])?.id, 'web-2');
  });
});

describe('backups', () => {
  const withBackup = [endpointEntry('a'), endpointEntry('b'), endpointEntry('spare', { isBackup: true })];

  test('get nothing while another can be asked, and everything when none can', () => {
    const pool = poolOf({ algorithm: 'round_robin' }, withBackup);
    assert.deepEqual([...tally(pool, 10).keys()], ['a', 'b']);
    endpoint(pool, 0).isDown = true;
    endpoint(pool, 1).ejection.eject(now + 1_000, 'x');
    pool.outdated();
    assert.deepEqual([...tally(pool, 10).keys()], ['spare']);
  });

  test('are asked by a request that all others have failed', () => {
    const pool = poolOf({}, withBackup);
    assert.equal(selectEndpoint(pool, now, [endpoint(pool, 0), endpoint(pool, 1)])?.id, 'spare');
  });
});

describe('the panic threshold', () => {
  test('asks all alike when fewer than that are healthy, and only the healthy ones again when there are more', () => {
    const pool = poolOf({ algorithm: 'round_robin', panicShare: 0.5 }, entries(4));
    for (const index of [0, 1]) endpoint(pool, index).isDown = true;
    pool.outdated();
    assert.equal(tally(pool, 8).size, 2, 'half of them is not fewer than half');
    endpoint(pool, 2).isDown = true;
    pool.outdated();
    assert.equal(tally(pool, 8).size, 4);
    endpoint(pool, 2).isDown = false;
    pool.outdated();
    assert.equal(tally(pool, 8).size, 2);
  });
});

describe('a canary', () => {
  const both = [endpointEntry('old-1'), endpointEntry('old-2'), endpointEntry('new', { revision: 'r2' })];
  const split = { revision: 'r2', share: 0.05 };

  test('gets its share exactly, and no run of more than one', () => {
    const pool = poolOf({}, both, split);
    const order = Array.from({ length: 2_000 }, () => selectEndpoint(pool, now, [])?.id ?? '');
    assert.ok(Math.abs(order.filter((id) => id === 'new').length - 100) <= 1);
    assert.ok(!order.some((id, turn) => id === 'new' && order[turn + 1] === 'new'));
  });

  test('gets every request that demands it', () => {
    const pool = poolOf({}, both, { ...split, share: 0 });
    const demanding = { ...nobody, hash: undefined, demandsCanary: true };
    assert.deepEqual([...tally(pool, 50, () => demanding).keys()], ['new']);
    assert.ok(!tally(pool, 50).has('new'));
  });

  test('keeps a key on one side under hash, and its share of keys', () => {
    const pool = poolOf({ algorithm: 'hash' }, both, { ...split, share: 0.2 });
    const first = owners(pool, 5_000);
    assert.deepEqual(owners(pool, 5_000), first);
    const share = first.filter((id) => id === 'new').length / 5_000;
    assert.ok(Math.abs(share - 0.2) < 0.03, `${share}`);
  });

  test('that cannot be asked leaves its requests to the rest, and the other way round', () => {
    const pool = poolOf({}, both, { ...split, share: 1 });
    endpoint(pool, 2).isDown = true;
    pool.outdated();
    assert.ok(!tally(pool, 50).has('new'));
    endpoint(pool, 2).isDown = false;
    for (const index of [0, 1]) endpoint(pool, index).isDraining = true;
    pool.outdated();
    assert.deepEqual([...tally(pool, 50).keys()], ['new']);
  });
});
