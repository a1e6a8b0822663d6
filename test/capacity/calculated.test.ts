import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { calculateCapacity, type Demand } from '../../src/capacity/calculated/little.ts';
import { fitOnMachine } from '../../src/capacity/calculated/machine-fit.ts';

function demand(changes: Partial<Demand>): Demand {
  return {
    ratePerSecond: 10,
    responseMs: 5000,
    workersPerInstance: 2,
    requestsPerWorker: 1,
    headroom: 0,
    ...changes,
  };
}

describe("Little's law", () => {
  test('10 requests per second of 5 s each are 50 at a time: 50 workers, 25 instances of two', () => {
    const { inFlight, workers, instances, utilisation, highestRate } = calculateCapacity(demand({}));
    assert.deepEqual([inFlight, workers, instances, utilisation, highestRate], [50, 50, 25, 1, 10]);
  });

  test("the guide's 25 workers and 13 instances are right for workers that answer two at a time", () => {
    const { workers, instances, utilisation } = calculateCapacity(demand({ requestsPerWorker: 2 }));
    assert.deepEqual([workers, instances], [25, 13]);
    assert.ok(utilisation < 1);
  });

  test('headroom is kept free, and shortens the wait', () => {
    const tight = calculateCapacity(demand({ ratePerSecond: 9.9 }));
    const roomy = calculateCapacity(demand({ ratePerSecond: 9.9, headroom: 0.3 }));
    assert.equal(roomy.instances, 33);
    assert.ok((roomy.waitMs ?? Infinity) < (tight.waitMs ?? Infinity) / 10);
  });

  test('workers that are all busy let the queue grow without end', () => {
    assert.equal(calculateCapacity(demand({})).waitMs, undefined);
  });

  test('the wait is that of Erlang’s formula', () => {
    // Two servers, load 1: a request waits with probability 1/3, for 1/(2 - 1) service times.
    const { waitMs } = calculateCapacity(
      demand({ ratePerSecond: 1, responseMs: 1000, workersPerInstance: 2, headroom: 0 }),
    );
    assert.ok(Math.abs((waitMs ?? 0) - 1000 / 3) < 1e-6, String(waitMs));
    // One server, load 0.5: ρ / (1 - ρ) service times.
    const single = calculateCapacity(demand({ ratePerSecond: 0.5, responseMs: 1000, workersPerInstance: 1 }));
    assert.ok(Math.abs((single.waitMs ?? 0) - 1000) < 1e-6);
  });

  test('sums of doubles do not cost an instance', () => {
    assert.equal(
      calculateCapacity(demand({ ratePerSecond: 0.3, responseMs: 10_000, workersPerInstance: 1 })).instances,
      3,
    );
    assert.equal(calculateCapacity(demand({ ratePerSecond: 0.001 })).instances, 1);
  });
});

test('what instances take is held against the machine, by each resource that was said', () => {
  const machine = { cores: 8, memoryBytes: 16e9 };
  assert.deepEqual(fitOnMachine(5, { cores: 1.5, memoryBytes: 4e9 }, machine), [
    { resource: 'cpu', needed: 7.5, available: 8, roomFor: 5, isEnough: true },
    { resource: 'memory', needed: 20e9, available: 16e9, roomFor: 4, isEnough: false },
  ]);
  assert.deepEqual(fitOnMachine(5, { cores: undefined, memoryBytes: undefined }, machine), []);
});
