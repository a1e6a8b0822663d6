import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { measureCapacity, type CapacityOptions } from '../../src/capacity/measured/measure-capacity.ts';
import type { MeasuredCapacity } from '../../src/capacity/measured/measured-capacity.ts';
import type { Bench } from '../../src/capacity/measured/bench.ts';
import { isTenfoldError, TenfoldError } from '../../src/shared/errors.ts';
import { syntheticBench, trueThroughput, type ServiceShape } from './synthetic-service.ts';

const never = new AbortController().signal;

function optionsOf(changes: Partial<CapacityOptions> = {}): CapacityOptions {
  return { maxReplicas: 8, stepMs: 8000, question: undefined, stop: never, onProgress: () => {}, ...changes };
}

function measure(shape: ServiceShape, changes: Partial<CapacityOptions> = {}): Promise<MeasuredCapacity> {
  return measureCapacity(syntheticBench(shape), optionsOf(changes));
}

/** Measures up to eight replicas and compares what the curve says of others with what they do. */
async function assertPredicts(shape: ServiceShape, heldOut: readonly number[]): Promise<MeasuredCapacity> {
  const measured = await measure(shape);
  for (const replicas of heldOut) {
    const predicted = measured.evaluated?.fit.model.predict(replicas) ?? 0;
    const real = await trueThroughput(shape, replicas);
    const error = Math.abs(predicted - real) / real;
    assert.ok(
      error < 0.15,
      `${replicas} replicas: ${predicted.toFixed(1)} predicted, ${real.toFixed(1)} real`,
    );
  }
  return measured;
}

describe('a measurement names what limits, and predicts what it has not seen within 15 %', () => {
  test('a lock that is held 5 ms per request, reached with several replicas', async () => {
    const { evaluated } = await assertPredicts({ workers: 1, waitMs: 20, lockMs: 5 }, [7, 10, 12, 20]);
    assert.equal(evaluated?.limit.kind, 'shared');
    const heldMs = evaluated.limit.kind === 'shared' ? evaluated.limit.heldMs : 0;
    assert.ok(Math.abs(heldMs - 5) < 0.5, `${heldMs} ms`);
    assert.ok((evaluated.knee ?? 0) >= 3 && (evaluated.knee ?? 0) <= 6, String(evaluated.knee));
  });

  test('the same lock, that a single replica already fills', async () => {
    const { evaluated } = await assertPredicts({ workers: 8, waitMs: 2, lockMs: 5 }, [7, 12]);
    assert.equal(evaluated?.limit.kind, 'shared');
    assert.equal(evaluated.knee, 1);
  });

  test('2 CPU-bound workers: the processors of the machine', async () => {
    const { evaluated } = await assertPredicts({ workers: 1, cpuMs: 10, cores: 2 }, [7, 10, 20]);
    assert.equal(evaluated?.limit.kind, 'machine-cpu');
    assert.equal(evaluated.limit.kind === 'machine-cpu' && evaluated.limit.cores, 2);
    assert.equal(evaluated.knee, 2);
  });

  test('replicas that wait for nobody: their own speed, and no end in sight', async () => {
    const { evaluated } = await assertPredicts({ workers: 2, waitMs: 150 }, [7, 12]);
    assert.equal(evaluated?.limit.kind, 'replica');
    assert.equal(evaluated.knee, undefined);
  });

  test('replicas that keep each other busy: coherency, and a highest number', async () => {
    const { evaluated } = await assertPredicts({ workers: 1, waitMs: 5, lockMs: 2, lockPerPeerMs: 0.3 }, [7]);
    assert.equal(evaluated?.limit.kind, 'coherency');
    const peak = evaluated.limit.kind === 'coherency' ? evaluated.limit.peakReplicas : 0;
    assert.ok(peak >= 3 && peak <= 6, String(peak));
  });

  test('requests that fail under load are the first thing that is said', async () => {
    const { evaluated } = await measure({ workers: 1, waitMs: 10, failsEvery: 5 });
    assert.equal(evaluated?.limit.kind, 'failures');
  });
});

describe('the question how many replicas', () => {
  const twoWorkers: ServiceShape = { workers: 2, waitMs: 150 };
  const locked: ServiceShape = { workers: 1, waitMs: 20, lockMs: 5 };

  test('is answered by trying what the curve says', async () => {
    const { answer } = await measure(twoWorkers, { question: { ratePerSecond: 45, p95Ms: 1000 } });
    assert.equal(answer?.kind, 'enough');
    assert.ok(
      answer.kind === 'enough' && answer.replicas >= 4 && answer.replicas <= 5,
      JSON.stringify(answer),
    );
    assert.ok(answer.kind === 'enough' && answer.p95Ms < 1000);
  });

  test('takes more replicas where the latency asks for them', async () => {
    const relaxed = await measure(twoWorkers, { question: { ratePerSecond: 39, p95Ms: 5000 } });
    const strict = await measure(twoWorkers, { question: { ratePerSecond: 39, p95Ms: 235 } });
    assert.ok(
      relaxed.answer?.kind === 'enough' && strict.answer?.kind === 'enough',
      JSON.stringify(strict.answer),
    );
    assert.ok(strict.answer.replicas > relaxed.answer.replicas);
  });

  test('is answered by the curve beyond what was measured, and says so', async () => {
    const { answer } = await measure(twoWorkers, { question: { ratePerSecond: 200, p95Ms: undefined } });
    assert.ok(answer?.kind === 'predicted' && Math.abs(answer.replicas - 15) <= 1, JSON.stringify(answer));
  });

  test('is answered with why more will not help', async () => {
    const { answer } = await measure(locked, { question: { ratePerSecond: 400, p95Ms: undefined } });
    assert.ok(answer?.kind === 'limited' && answer.limit.kind === 'shared', JSON.stringify(answer));
    assert.ok(Math.abs(answer.highestRate - 200) < 30);
    const slow = await measure(locked, { question: { ratePerSecond: 10, p95Ms: 10 } });
    assert.equal(slow.answer?.kind, 'too slow');
  });
});

describe('a measurement leaves the service as it found it', () => {
  test('when it may not be scaled at all', async () => {
    const bench = syntheticBench({ workers: 1, waitMs: 10 }, 4);
    const asked: number[] = [];
    const refusing: Bench = {
      ...bench,
      scaleTo(replicas) {
        asked.push(replicas);
        return Promise.reject(new TenfoldError('invalid-scale', 'it scales by itself'));
      },
    };
    await assert.rejects(measureCapacity(refusing, optionsOf()), (thrown) =>
      isTenfoldError(thrown, 'invalid-scale'),
    );
    assert.deepEqual(asked, [1]);
  });

  test('when it is done', async () => {
    const bench = syntheticBench({ workers: 1, waitMs: 10 }, 4);
    await measureCapacity(bench, optionsOf({ maxReplicas: 2, stepMs: 1000 }));
    assert.deepEqual(bench.scaledTo, [1, 2, 4]);
  });

  test('when a load fails', async () => {
    const bench = syntheticBench({ workers: 1, waitMs: 10 }, 4);
    const broken = {
      ...bench,
      loadUsers: (users: number, durationMs: number) =>
        bench.scaledTo.at(-1) === 2
          ? Promise.reject(new Error('no more'))
          : bench.loadUsers(users, durationMs),
    };
    await assert.rejects(measureCapacity(broken, optionsOf({ stepMs: 1000 })), /no more/);
    assert.deepEqual(bench.scaledTo, [1, 2, 4]);
  });

  test('when not even one user is answered, which is said before any more time is spent', async () => {
    const bench = syntheticBench({ workers: 1, waitMs: 10, failsEvery: 1 }, 4);
    await assert.rejects(measureCapacity(bench, optionsOf()), (thrown) => isTenfoldError(thrown, 'usage'));
    assert.deepEqual(bench.scaledTo, [1, 4]);
  });

  test('when it is interrupted, with what it has seen so far', async () => {
    const bench = syntheticBench({ workers: 1, waitMs: 10 }, 4);
    const stop = new AbortController();
    const { steps, isInterrupted, evaluated } = await measureCapacity(
      bench,
      optionsOf({
        stepMs: 1000,
        stop: stop.signal,
        onProgress: (message) => {
          if (message === 'scaling to 4 replicas') stop.abort();
        },
      }),
    );
    assert.equal(isInterrupted, true);
    assert.deepEqual(
      steps.map(({ replicas }) => replicas),
      [1, 2, 3],
    );
    assert.equal(evaluated?.limit.kind, 'replica');
    assert.equal(bench.scaledTo.at(-1), 4);
  });
});
