import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Replica } from '../../../src/model/replica.ts';
import type { MemoryBehaviour } from '../../../src/runtime/memory/behaviour.ts';
import { createMemoryDriver } from '../../../src/runtime/memory/memory-driver.ts';
import type { MemoryDriverOptions } from '../../../src/runtime/memory/memory-driver.ts';
import { serviceOf, stackOf } from '../../contracts/stack-of.ts';
import { ManualClock } from '../../helpers/simulated/manual-clock.ts';

const never = new AbortController().signal;
const service = serviceOf('web', { targets: [80] });
const stack = stackOf('demo', '/', [service]);

function open(
  behaviour: MemoryBehaviour | ((attempt: number) => MemoryBehaviour) = {},
  options: MemoryDriverOptions = {},
) {
  const clock = new ManualClock(0);
  const behaviourOf = ({ attempt }: { readonly attempt: number }) =>
    typeof behaviour === 'function' ? behaviour(attempt) : behaviour;
  const driver = createMemoryDriver({ clock, behaviourOf, ...options });
  return {
    clock,
    driver,
    start: (index = 1, existing?: Replica) => {
      const spec = { stack, service, index, environment: {} };
      return driver.start(existing ? { ...spec, existingId: existing.id } : spec, never);
    },
    only: async (): Promise<Replica> => {
      const [replica, ...others] = await driver.observe('demo', never);
      assert.ok(replica);
      assert.deepEqual(others, []);
      return replica;
    },
    [Symbol.asyncDispose]: () => driver[Symbol.asyncDispose](),
  };
}

describe('a pretended replica', () => {
  test('is created while its start takes its time, then runs', async () => {
    await using memory = open({ startMs: 500 });
    const starting = memory.start();
    await memory.clock.advance(499);
    assert.equal((await memory.only()).state.kind, 'created');
    await memory.clock.advance(1);
    assert.deepEqual((await starting).state, { kind: 'running', startedAt: 500 });
  });

  test('gets healthy and unhealthy when it is said to', async () => {
    await using memory = open({ healthyAfterMs: 100, unhealthyAfterMs: 300 });
    await memory.start();
    const healths = [];
    for (const passMs of [0, 99, 1, 199, 1]) {
      await memory.clock.advance(passMs);
      healths.push((await memory.only()).health);
    }
    assert.deepEqual(healths, ['starting', 'starting', 'healthy', 'healthy', 'unhealthy']);
  });

  test('never gets healthy when it is said so', async () => {
    await using memory = open({ healthyAfterMs: 'never' });
    await memory.start();
    await memory.clock.advance(1e9);
    assert.equal((await memory.only()).health, 'starting');
  });

  test('ends by itself in time, and behaves otherwise after the next start', async () => {
    await using memory = open((attempt) => (attempt === 1 ? { exit: { afterMs: 50, code: 3 } } : {}));
    const changes: number[] = [];
    memory.driver.watch('demo', { onChange: () => changes.push(memory.clock.now()) }, never);
    const replica = await memory.start();
    await memory.clock.advance(1_000);
    assert.deepEqual((await memory.only()).state, {
      kind: 'exited',
      startedAt: 0,
      exitCode: 3,
      finishedAt: 50,
    });
    assert.deepEqual((await memory.only()).endpoints, []);
    assert.deepEqual(changes, [0, 50]);
    const again = await memory.start(1, replica);
    await memory.clock.advance(1_000);
    assert.deepEqual((await memory.only()).state, { kind: 'running', startedAt: 1_000 });
    assert.notDeepEqual(again.endpoints, replica.endpoints);
  });

  test('takes its time to stop, no longer than the grace', async () => {
    await using memory = open((attempt) => ({ stopMs: attempt === 1 ? 300 : 3_000 }));
    const replica = await memory.start();
    const stopping = memory.driver.stop(replica, { signal: 'SIGTERM', graceMs: 1_000 }, never);
    await memory.clock.advance(300);
    await stopping;
    assert.deepEqual((await memory.only()).state, {
      kind: 'exited',
      startedAt: 0,
      exitCode: 143,
      finishedAt: 300,
    });

    await memory.start(1, replica);
    const killing = memory.driver.stop(replica, { signal: 'SIGTERM', graceMs: 1_000 }, never);
    await memory.clock.advance(1_000);
    await killing;
    const { state } = await memory.only();
    assert.ok(state.kind === 'exited');
    assert.deepEqual([state.exitCode, state.finishedAt], [137, 1_300]);
    assert.match(state.reason ?? '', /killed/);
  });

  test('whose start fails is not there', async () => {
    await using memory = open({ startMs: 10, startError: 'no room' });
    const starting = memory.start();
    const refused = assert.rejects(starting, { code: 'runtime-failed', got: 'no room' });
    await memory.clock.advance(10);
    await refused;
    assert.deepEqual(await memory.driver.observe('demo', never), []);
  });

  test('whose restart fails is as it was', async () => {
    await using memory = open((attempt) =>
      attempt === 1 ? { exit: { afterMs: 1, code: 2 } } : { startError: 'no' },
    );
    const replica = await memory.start();
    await memory.clock.advance(1);
    const before = await memory.only();
    await assert.rejects(memory.start(1, replica), { code: 'runtime-failed' });
    assert.deepEqual(await memory.only(), before);
  });

  test('runs no command and says so, or gives what it is said to', async () => {
    const hook = {
      command: ['check'],
      user: undefined,
      privileged: false,
      workingDir: undefined,
      environment: {},
    };
    await using plain = open();
    const answer = await plain.driver.console.exec(await plain.start(), { hook }, never);
    assert.equal(answer.exitCode, 0);
    assert.match(answer.output, /not run/);
    await using scripted = open({ runCommand: (words) => ({ exitCode: 4, output: words.join() }) });
    const scriptedAnswer = await scripted.driver.console.exec(await scripted.start(), { hook }, never);
    assert.deepEqual(scriptedAnswer, { exitCode: 4, output: 'check' });
  });
});

describe('the memory runtime', () => {
  test('cannot be reached while it is said so, and then nothing changes', async () => {
    const unreachableAt = (now: number) => (now >= 100 && now < 200 ? 'out for lunch' : undefined);
    await using memory = open({}, { unreachableAt });
    const replica = await memory.start();
    await memory.clock.advance(100);
    const unreachable = { code: 'runtime-unreachable', message: /out for lunch/ };
    await assert.rejects(memory.driver.observe('demo', never), unreachable);
    await assert.rejects(memory.driver.stop(replica, { signal: 'SIGTERM', graceMs: 0 }, never), unreachable);
    await assert.rejects(memory.start(2), unreachable);
    await memory.clock.advance(100);
    assert.deepEqual(await memory.only(), replica);
  });

  test('gives the same replicas for the same calls', async () => {
    const replicas = [];
    for (let run = 0; run < 2; run++) {
      await using memory = open();
      replicas.push(await Promise.all([1, 2, 3].map((index) => memory.start(index))));
    }
    assert.deepEqual(replicas[0], replicas[1]);
  });

  test('gives ten thousand replicas endpoints of their own', async () => {
    await using memory = open();
    await Promise.all(Array.from({ length: 10_000 }, (_, at) => memory.start(at + 1)));
    const replicas = await memory.driver.observe('demo', never);
    const addresses = replicas.flatMap(({ endpoints }) =>
      endpoints.map(({ host, port }) => `${host}:${port}`),
    );
    assert.equal(new Set(addresses).size, 10_000);
  });
});
