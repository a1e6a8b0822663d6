import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BalancerObservation, PoolObservation } from '../../src/balancer/balancer-driver.ts';
import { noRequests } from '../../src/balancer/request-figures.ts';
import { TrafficLedger, trafficBetween } from '../../src/controller/observe/traffic-ledger.ts';

/** Pools are called `service:port` here. */
const serviceOf = (pool: string): string | undefined => /^(web|api):/.exec(pool)?.[1];

function seen(pools: readonly PoolObservation[], onListeners = 0): BalancerObservation {
  const listener = { ...noRequests, id: 'web:80', isOpen: true, requests: onListeners };
  return { endpoints: [], pools, listeners: [listener] };
}

function pool(id: string, requests: number, more: Partial<PoolObservation> = {}): PoolObservation {
  return { ...noRequests, id, requests, ...more };
}

describe('the traffic ledger', () => {
  test('counts what the pools of a service had, whichever listener it came in on', () => {
    const ledger = new TrafficLedger();
    ledger.update(
      seen([pool('web:80', 3), pool('web:81', 4), pool('api:80', 5), pool('other:80', 6)], 99),
      serviceOf,
    );
    assert.equal(ledger.totals(['web']).requests, 7);
    assert.equal(ledger.totals(['web', 'api']).requests, 12);
  });

  test('counts each request once, however often it looks', () => {
    const ledger = new TrafficLedger();
    const failed = { failed: 2, failures: { connect: 2 } };
    for (let look = 0; look < 3; look++) ledger.update(seen([pool('web:80', 3, failed)]), serviceOf);
    const before = ledger.totals(['web']);
    assert.deepEqual([before.requests, before.failed, before.failures], [3, 2, { connect: 2 }]);
    const more = { failed: 3, failures: { connect: 2, timeout: 1 } };
    ledger.update(seen([pool('web:80', 5, more)]), serviceOf);
    const { requests, failures } = trafficBetween(before, ledger.totals(['web']));
    assert.deepEqual([requests, failures], [2, { timeout: 1 }]);
  });

  test('adds up a pool that several carriers have, and counts nothing again when one of them lets go of it', () => {
    const ledger = new TrafficLedger();
    const proxy = pool('web:80', 10, { carrier: 'proxy' });
    ledger.update(seen([proxy, pool('web:80', 5, { carrier: 'ambassador' })]), serviceOf);
    assert.equal(ledger.totals(['web']).requests, 15);
    ledger.update(seen([proxy]), serviceOf);
    assert.equal(ledger.totals(['web']).requests, 15);
  });

  test('goes on from what it had when a balancer counts anew', () => {
    const ledger = new TrafficLedger();
    ledger.update(seen([pool('web:80', 10)]), serviceOf);
    ledger.update(seen([pool('web:80', 2)]), serviceOf);
    assert.equal(ledger.totals(['web']).requests, 12);
  });
});
