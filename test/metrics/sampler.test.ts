import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Sampler } from '../../src/metrics/sampler.ts';
import type { ServiceDetail } from '../../src/metrics/sample/sample-detail.ts';
import { createMemoryDriver } from '../../src/runtime/memory/memory-driver.ts';
import { TenfoldError } from '../../src/shared/errors.ts';
import { desiredOf, memoryWorld, webService } from '../helpers/simulated/memory-stack.ts';
import { latencyOf } from './samples.ts';

const never = new AbortController().signal;

describe('the sampler', () => {
  test('joins what the balancer, the controller and the runtime know', async () => {
    const desired = desiredOf([webService(), webService({ name: 'job', listeners: [], replicas: 1 })]);
    const runtime = createMemoryDriver({
      behaviourOf: ({ index }) => ({
        usageAt: () => ({
          cpuSeconds: index,
          memoryBytes: index * 1_000,
          memoryLimitBytes: 9_000,
          cpuLimit: 0.5,
        }),
      }),
    });
    await using world = memoryWorld(desired, runtime);
    await world.steady();
    world.balancer.inFlight.set('web-2', 4);
    world.balancer.responses.set('web-2', [0, 8, 0, 1, 0]);
    world.balancer.latency.set('web-2', latencyOf([5, 7]));
    const samples = await take(world, runtime);
    assert.deepEqual(
      samples.map(({ service, desired, replicas }) => [service, desired, replicas.length]),
      [
        ['web', 3, 3],
        ['job', 1, 1],
      ],
    );
    const second = samples[0]?.replicas[1];
    assert.ok(second);
    assert.equal(second.instance, 'web-2');
    assert.equal(second.isReady, true);
    assert.equal(second.inFlight, 4);
    assert.deepEqual(second.responses, [0, 8, 0, 1, 0]);
    assert.equal(second.latency.count, 2);
    assert.deepEqual(
      [second.cpuSeconds, second.memoryBytes, second.memoryLimitBytes, second.cpuLimit],
      [2, 2_000, 9_000, 0.5],
    );
    assert.equal(samples[1]?.replicas[0]?.isReady, true);
  });

  test('goes on without a balancer or a runtime that does not answer', async () => {
    const desired = desiredOf([webService({ replicas: 1 })]);
    const runtime = createMemoryDriver();
    await using world = memoryWorld(desired, runtime);
    await world.steady();
    const unreachable = (): Promise<never> =>
      Promise.reject(new TenfoldError('balancer-unreachable', 'it is away'));
    const samples: ServiceDetail[] = [];
    const sampler = new Sampler({
      ...rest(samples),
      controllers: () => [world.controller],
      runtimes: new Map([['process', { ...runtime, usage: unreachable }]]),
      balancer: { observe: unreachable },
    });
    await sampler.sample(1_000, never);
    assert.equal(samples[0]?.replicas[0]?.cpuSeconds, undefined);
    assert.equal(samples[0]?.replicas[0]?.requests, 0);
  });

  test('lets counters grow on when a balancer counts anew, and processor time when a child goes missing', async () => {
    const desired = desiredOf([webService({ replicas: 1 })]);
    let cpuSeconds = 10;
    const runtime = createMemoryDriver({ behaviourOf: () => ({ usageAt: () => ({ cpuSeconds }) }) });
    await using world = memoryWorld(desired, runtime);
    await world.steady();
    let requests = 5;
    const samples: ServiceDetail[] = [];
    const sampler = new Sampler({
      ...rest(samples),
      controllers: () => [world.controller],
      runtimes: new Map([['process', runtime]]),
      balancer: {
        observe: async () => {
          const observation = await world.balancer.observe();
          const totals = { requests, completed: requests, failed: 0, retried: 0, drained: 0, forced: 0 };
          return {
            endpoints: observation.endpoints.map((endpoint) => ({ ...endpoint, totals })),
            pools: observation.pools.map((pool) => ({ ...pool, requests })),
            listeners: observation.listeners,
          };
        },
      },
    });
    await sampler.sample(1_000, never);
    requests = 2;
    cpuSeconds = 4;
    await sampler.sample(2_000, never);
    const [first, second] = samples.map((sample) => [
      sample.requests,
      sample.replicas[0]?.requests,
      sample.replicas[0]?.cpuSeconds,
    ]);
    assert.deepEqual(first, [5, 5, 10]);
    assert.deepEqual(second, [7, 7, 10]);
  });
});

function rest(samples: ServiceDetail[]) {
  return {
    clock: { now: () => 0, sleep: () => Promise.resolve() },
    onSample: (sample: ServiceDetail) => samples.push(sample),
    onRound: () => {},
    onBug: (bug: unknown) => assert.fail(String(bug)),
  };
}

async function take(
  world: ReturnType<typeof memoryWorld>,
  runtime: ReturnType<typeof createMemoryDriver>,
): Promise<readonly ServiceDetail[]> {
  const samples: ServiceDetail[] = [];
  const sampler = new Sampler({
    ...rest(samples),
    controllers: () => [world.controller],
    runtimes: new Map([['process', runtime]]),
    balancer: world.balancer,
  });
  await sampler.sample(1_000, never);
  return samples;
}
