import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BalancingPolicy } from '../../src/model/balancing.ts';
import { EndpointState, type InFlight } from '../../src/balancer/proxy/worker/endpoint-state.ts';
import type { PoolState } from '../../src/balancer/proxy/worker/pool-state.ts';
import { selectEndpoint } from '../../src/balancer/proxy/worker/selection/select-endpoint.ts';
import { endpointEntry, poolStateOf } from './routing-samples.ts';

const now = 1_000_000;

function poolOf(names: string, policy: Partial<BalancingPolicy> = {}): PoolState {
  return poolStateOf(
    Array.from(names, (name) => endpointEntry(name)),
    { policy },
    now,
  );
}

function load(endpoint: EndpointState | undefined, count: number): void {
  const work = (): InFlight => ({ isStream: () => false, dismiss: () => {}, cut: () => {} });
  for (let index = 0; index < count; index++) endpoint?.begin(work());
}

function choose(pool: PoolState, times: number, at = now, tried: readonly EndpointState[] = []): string {
  return Array.from({ length: times }, () => selectEndpoint(pool, at, tried)?.id ?? '-').join('');
}

describe('round_robin', () => {
  test('gives each its turn, whatever is in flight', () => {
    const pool = poolOf('abc', { algorithm: 'round_robin' });
    load(pool.endpoints[0], 5);
    assert.equal(choose(pool, 7), 'abcabca');
  });

  test('passes over what may not be asked without giving its neighbour two turns', () => {
    const pool = poolOf('abc', { algorithm: 'round_robin' });
    const [a] = pool.endpoints;
    if (a !== undefined) a.isDraining = true;
    pool.outdated();
    assert.equal(choose(pool, 6), 'bcbcbc');
  });
});

describe('least_conn', () => {
  test('asks the one with the least in flight', () => {
    const pool = poolOf('abc');
    load(pool.endpoints[0], 2);
    load(pool.endpoints[1], 1);
    load(pool.endpoints[2], 3);
    assert.equal(choose(pool, 3), 'bbb');
  });

  test('lets equals take turns', () => {
    const pool = poolOf('abcd');
    load(pool.endpoints[1], 1);
    assert.equal(choose(pool, 6), 'acdacd');
  });
});

describe('a slow start', () => {
  for (const algorithm of ['round_robin', 'least_conn'] as const) {
    test(`gives a new endpoint under ${algorithm} a share that grows`, () => {
      const pool = poolOf('ab', { algorithm, slowStartMs: 10_000 });
      const [, fresh] = pool.endpoints;
      if (fresh !== undefined) fresh.activeSince = now;
      pool.outdated();
      const share = (at: number): number =>
        Array.from(choose(pool, 300, at)).filter((id) => id === 'b').length / 300;
      const early = share(now + 1_000);
      const middle = share(now + 5_000);
      assert.ok(Math.abs(early - 0.1 / 1.1) < 0.02, `${early}`);
      assert.ok(Math.abs(middle - 0.5 / 1.5) < 0.02, `${middle}`);
      assert.equal(share(now + 10_000), 0.5);
    });
  }
});

describe('when some may not be asked', () => {
  const cases: Record<string, (endpoint: EndpointState) => void> = {
    draining: (endpoint) => (endpoint.isDraining = true),
    unhealthy: (endpoint) => (endpoint.isHealthy = false),
    down: (endpoint) => (endpoint.isDown = true),
    ejected: (endpoint) => endpoint.ejection.eject(now + 1_000, 'x'),
  };
  for (const [name, spoil] of Object.entries(cases)) {
    test(`one that is ${name} gets nothing while another can be asked`, () => {
      const pool = poolOf('ab');
      pool.endpoints.slice(0, 1).forEach(spoil);
      pool.outdated();
      assert.equal(choose(pool, 4), 'bbbb');
    });

    test(
      name === 'draining' ? 'nothing is asked when all drain' : `all are still asked when all are ${name}`,
      () => {
        const pool = poolOf('ab');
        pool.endpoints.forEach(spoil);
        pool.outdated();
        assert.equal(choose(pool, 4), name === 'draining' ? '----' : 'abab');
      },
    );
  }

  test('one that is only ejected comes before one that is down', () => {
    const pool = poolOf('ab');
    const [a, b] = pool.endpoints;
    if (a !== undefined) a.isDown = true;
    b?.ejection.eject(now + 1_000, 'x');
    assert.equal(choose(pool, 3), 'bbb');
  });

  test('those that were tried are not asked again', () => {
    const pool = poolOf('ab');
    const [a, b] = pool.endpoints;
    assert.equal(selectEndpoint(pool, now, a === undefined ? [] : [a])?.id, 'b');
    assert.equal(selectEndpoint(pool, now, a === undefined || b === undefined ? [] : [a, b]), undefined);
  });
});

describe('a split', () => {
  const splitPool = (share: number): PoolState =>
    poolStateOf(
      Array.from('abcXYZ', (name) => ({
        ...endpointEntry(name),
        revision: name === name.toUpperCase() ? 'new' : 'old',
      })),
      { policy: { algorithm: 'round_robin' }, entry: { split: { revision: 'new', share } } },
      now,
    );

  test('sends what one of the canary has failed to the others, however many of the canary are left', () => {
    const pool = splitPool(1);
    assert.match(choose(pool, 3), /^[XYZ]+$/);
    const failed = pool.endpoints.filter(({ id }) => id === 'Y');
    assert.match(choose(pool, 3, now, failed), /^[abc]+$/);
  });

  test('leaves what one of the others has failed to its share', () => {
    const pool = splitPool(0);
    const failed = pool.endpoints.filter(({ id }) => id === 'b');
    assert.match(choose(pool, 4, now, failed), /^[ac]+$/);
  });
});

describe('an ejection', () => {
  const policy = { maxFails: 2, failTimeoutMs: 1_000 };

  test('comes with the last of max_fails failures within fail_timeout', () => {
    const { ejection } = new EndpointState(endpointEntry('a'));
    assert.equal(ejection.failed(now, policy), false);
    assert.equal(ejection.failed(now + 1_000, policy), false, 'the first one is too long ago');
    assert.equal(ejection.failed(now + 1_500, policy), true);
    assert.equal(ejection.allows(now + 2_499), false);
  });

  test('never comes when max_fails is 0', () => {
    const { ejection } = new EndpointState(endpointEntry('a'));
    for (let count = 0; count < 100; count++)
      assert.equal(ejection.failed(now, { ...policy, maxFails: 0 }), false);
  });

  test('ends with one probe request that succeeds', () => {
    const pool = poolOf('ab', { algorithm: 'round_robin' });
    const [a] = pool.endpoints;
    a?.ejection.eject(now + 1_000, 'x');
    assert.equal(choose(pool, 2), 'bb');
    assert.equal(choose(pool, 4, now + 1_000), 'abbb', 'one probe at a time');
    assert.equal(a?.ejection.succeeded(now + 1_100), true);
    assert.equal(choose(pool, 4, now + 1_100), 'abab');
  });

  test('is renewed by a probe that fails, and offered again when a probe was given up', () => {
    const pool = poolOf('ab', { algorithm: 'round_robin', ...policy });
    const [a] = pool.endpoints;
    a?.ejection.eject(now + 1_000, 'x');
    assert.equal(choose(pool, 1, now + 1_000), 'a');
    assert.equal(a?.ejection.failed(now + 1_010, pool.policy), true);
    assert.equal(choose(pool, 2, now + 1_900), 'bb');
    assert.equal(choose(pool, 2, now + 2_010), 'ab');
    a?.ejection.released();
    assert.equal(choose(pool, 2, now + 2_020), 'ab');
  });

  test('is not ended by an answer from before it was over', () => {
    const { ejection } = new EndpointState(endpointEntry('a'));
    ejection.eject(now + 1_000, 'x');
    assert.equal(ejection.succeeded(now + 500), false);
    assert.equal(ejection.allows(now + 600), false);
  });
});
