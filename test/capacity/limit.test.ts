import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fitCapacity } from '../../src/capacity/fit/choose-model.ts';
import { nameLimit, type CapacityStep, type Limit } from '../../src/capacity/limit.ts';

function step(replicas: number, throughput: number, changes: Partial<CapacityStep> = {}): CapacityStep {
  return {
    replicas,
    users: replicas * 4,
    throughput,
    p50Ms: 10,
    p95Ms: 20,
    failedShare: 0,
    machineCpu: 0.3,
    generatorCores: 0.1,
    ...changes,
  };
}

function limitOf(
  throughputs: readonly number[],
  changes: (index: number) => Partial<CapacityStep> = () => ({}),
): Limit {
  const steps = throughputs.map((throughput, index) => step(index + 1, throughput, changes(index)));
  const fit = fitCapacity(steps);
  assert.ok(fit !== undefined);
  return nameLimit({ steps, fit, cores: 2 });
}

const flat = [100, 190, 200, 201, 199];
const full = { machineCpu: 0.99 };

describe('what limits', () => {
  test('is something shared when the throughput stays and processors are free', () => {
    const limit = limitOf(flat);
    assert.equal(limit.kind, 'shared');
    assert.ok(limit.kind === 'shared' && Math.abs(limit.heldMs - 5) < 0.3);
  });

  test('is the CPU when it is fully used and nothing is known of who uses it', () => {
    assert.equal(limitOf(flat, () => full).kind, 'machine-cpu');
  });

  test('is the CPU when it is fully used by us', () => {
    assert.equal(
      limitOf(flat, () => ({ ...full, processes: { ownCores: 1.7, wantedPerReplica: 0.4 } })).kind,
      'machine-cpu',
    );
  });

  test('is the CPU when others use it and our replicas wait for it', () => {
    assert.equal(
      limitOf(flat, () => ({ ...full, processes: { ownCores: 0.5, wantedPerReplica: 0.95 } })).kind,
      'machine-cpu',
    );
  });

  test('is something shared when others use the CPU and our replicas hardly want it', () => {
    assert.equal(
      limitOf(flat, () => ({ ...full, processes: { ownCores: 0.3, wantedPerReplica: 0.1 } })).kind,
      'shared',
    );
  });

  test('is the speed of each replica as long as they add up, however busy the machine is', () => {
    assert.equal(limitOf([100, 198, 300, 395], () => full).kind, 'replica');
  });

  test('is coherency when more replicas answer less', () => {
    const limit = limitOf([100, 170, 200, 190, 170, 145]);
    assert.ok(limit.kind === 'coherency' && Math.abs(limit.peakReplicas - 3) <= 1, JSON.stringify(limit));
  });

  test('is the load test when it has no processor time left and the machine has', () => {
    assert.equal(
      limitOf([9000, 9400, 9500], () => ({ generatorCores: 0.97, machineCpu: 0.7 })).kind,
      'generator',
    );
  });

  test('is failures, before all else', () => {
    const limit = limitOf(flat, (index) => (index === 3 ? { failedShare: 0.3 } : full));
    assert.deepEqual(limit, { kind: 'failures', replicas: 4, failedShare: 0.3 });
  });
});
