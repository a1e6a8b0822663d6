import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { HealthMonitor } from '../../src/health/health-monitor.ts';
import type { HealthMonitorOptions } from '../../src/health/health-monitor.ts';
import type { Replica } from '../../src/model/replica.ts';
import type { HealthCheck, Listener, Service } from '../../src/model/service.ts';
import type { CommandResult, ReplicaConsole } from '../../src/runtime/runtime-driver.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { TenfoldError } from '../../src/shared/errors.ts';
import { serviceOf } from '../contracts/stack-of.ts';
import { eventually } from '../helpers/eventually.ts';
import { ManualClock } from '../helpers/simulated/manual-clock.ts';

const healthCheck: HealthCheck = {
  test: ['CMD', 'check', '--now'],
  intervalMs: 10_000,
  timeoutMs: 3_000,
  startPeriodMs: 5_000,
  startIntervalMs: 1_000,
  retries: 2,
};

function replicaOf(fields: Partial<Replica> = {}): Replica {
  return {
    id: 'one',
    stack: 'demo',
    service: 'web',
    index: 1,
    instance: 'web-1',
    name: 'demo-web-1',
    revision: 'a',
    state: { kind: 'running', startedAt: 1_000_000 },
    health: 'none',
    createdAt: 1_000_000,
    pid: undefined,
    endpoints: [],
    published: [],
    ...fields,
  };
}

const passed: CommandResult = { exitCode: 0, output: 'fine\n' };
const failed: CommandResult = { exitCode: 1, output: 'broken\n' };

/** A console whose commands give what the test says. */
function consoleOf(exec: ReplicaConsole['exec']): ReplicaConsole {
  return {
    exec,
    logs: () => assert.fail('no logs are read'),
    signal: () => assert.fail('no signal is sent'),
  };
}

function published(target: number): Listener {
  return {
    key: `web:*->${target}`,
    hostIp: '',
    port: undefined,
    target,
    protocol: 'http',
    exposure: 'published',
  };
}

interface Setup extends Partial<HealthMonitorOptions> {
  readonly service?: Partial<Service>;
  readonly exec?: ReplicaConsole['exec'];
}

function open({ service = {}, exec = async () => passed, ...options }: Setup = {}) {
  const clock = new ManualClock();
  let changes = 0;
  const monitor = new HealthMonitor({
    clock,
    consoleOf: () => consoleOf(exec),
    foreignListener: async () => undefined,
    serviceOf: () => serviceOf('web', service),
    onChange: () => changes++,
    ...options,
  });
  return {
    clock,
    monitor,
    changes: () => changes,
    healthOf: (replica: Replica) => monitor.verdictOf(replica).health,
    [Symbol.asyncDispose]: () => monitor[Symbol.asyncDispose](),
  };
}

describe('a replica without a health check', () => {
  test('that has no endpoint is healthy once it has run for a second', async () => {
    await using health = open();
    const replica = replicaOf({ state: { kind: 'running', startedAt: health.clock.now() } });
    health.monitor.track([replica]);
    await health.clock.advance(999);
    assert.equal(health.healthOf(replica), 'starting');
    await health.clock.advance(1);
    assert.equal(health.healthOf(replica), 'healthy');
  });

  test('that has no endpoint and was adopted is healthy at once', async () => {
    await using health = open();
    const replica = replicaOf({ state: { kind: 'running', startedAt: health.clock.now() - 5_000 } });
    health.monitor.track([replica]);
    assert.deepEqual(health.monitor.verdictOf(replica), {
      health: 'healthy',
      since: health.clock.now() - 5_000,
    });
  });

  test('is healthy once all its endpoints accept connections, and stays so', async () => {
    const servers = [createServer(), createServer()] as const;
    const endpoints = [];
    for (const [target, server] of servers.entries()) {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const address = server.address();
      assert.ok(typeof address === 'object' && address !== null);
      endpoints.push({ target, host: '127.0.0.1', port: address.port });
    }
    const [first, second] = servers;
    await new Promise((resolve) => second.close(resolve));

    await using health = open({ clock: systemClock, service: { listeners: [published(0), published(1)] } });
    const replica = replicaOf({ endpoints });
    health.monitor.track([replica]);
    await eventually(() =>
      assert.match(health.monitor.verdictOf(replica).lastOutput ?? '', /nothing accepts connections/),
    );
    assert.equal(health.healthOf(replica), 'starting');

    await once(second.listen(endpoints[1]?.port, '127.0.0.1'), 'listening');
    await eventually(() => assert.equal(health.healthOf(replica), 'healthy'));
    assert.equal(health.changes(), 1);
    first.close();
    second.close();
    health.monitor.track([replica]);
    assert.equal(health.healthOf(replica), 'healthy');
  });

  test('is not healthy by the answer of another program that has its port', async (t) => {
    const server = createServer();
    t.after(() => server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    let foreigner: string | undefined = 'pid 7 (other)';
    await using health = open({
      clock: systemClock,
      service: { listeners: [published(80)] },
      foreignListener: async (_, port) => (port === address.port ? foreigner : undefined),
    });
    const replica = replicaOf({ endpoints: [{ target: 80, host: '127.0.0.1', port: address.port }] });
    health.monitor.track([replica]);
    await eventually(() =>
      assert.equal(
        health.monitor.verdictOf(replica).lastOutput,
        `127.0.0.1:${address.port} is taken by pid 7 (other)`,
      ),
    );
    assert.equal(health.healthOf(replica), 'starting');
    foreigner = undefined;
    await eventually(() => assert.equal(health.healthOf(replica), 'healthy'));
  });

  test('need not listen where its image merely exposes a port', async () => {
    await using health = open({ service: { targets: [80] } });
    const replica = replicaOf({ endpoints: [{ target: 443, host: '127.0.0.1', port: 1 }] });
    health.monitor.track([replica]);
    await health.clock.advance(1_000);
    assert.equal(health.healthOf(replica), 'healthy');
  });

  test('is healthy before long although it never opens the port at which other services might reach it', async () => {
    await using health = open({
      clock: systemClock,
      service: { listeners: [{ ...published(0), exposure: 'internal' }] },
    });
    const replica = replicaOf({
      state: { kind: 'running', startedAt: Date.now() },
      endpoints: [{ target: 0, host: '127.0.0.1', port: 1 }],
    });
    health.monitor.track([replica]);
    await eventually(() => assert.ok(health.monitor.verdictOf(replica).lastOutput));
    assert.equal(health.healthOf(replica), 'starting');
    await eventually(() => assert.equal(health.healthOf(replica), 'healthy'));
  });
});

test('a replica that listens where nobody looks for it is told so', async (context) => {
  const server = createServer();
  server.listen({ port: 0, host: '::1', ipv6Only: true });
  try {
    await once(server, 'listening');
  } catch {
    return context.skip('this system has no IPv6');
  }
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  await using health = open({ clock: systemClock, service: { listeners: [published(80)] } });
  const replica = replicaOf({ endpoints: [{ target: 80, host: '127.0.0.1', port: address.port }] });
  health.monitor.track([replica]);
  await eventually(() => assert.match(health.monitor.verdictOf(replica).lastOutput ?? '', /only on \[::1\]/));
  assert.equal(health.healthOf(replica), 'starting');
  server.close();
});

describe('a replica with a health check', () => {
  test('is not healthy by a check that another program passed, which has its port', async () => {
    let foreigner: string | undefined = 'pid 7 (other)';
    await using health = open({ service: { healthCheck }, foreignListener: async () => foreigner });
    const startedAt = health.clock.now();
    const replica = replicaOf({
      state: { kind: 'running', startedAt },
      endpoints: [{ target: 80, host: '127.0.0.1', port: 8080 }],
    });
    health.monitor.track([replica]);
    await health.clock.advance(1_000);
    assert.equal(health.healthOf(replica), 'starting');
    assert.equal(health.monitor.verdictOf(replica).lastOutput, '127.0.0.1:8080 is taken by pid 7 (other)');
    foreigner = undefined;
    await health.clock.advance(1_000);
    assert.equal(health.healthOf(replica), 'healthy');
  });

  test('is checked by its command at the times that Docker keeps', async () => {
    const commands: [number, readonly string[]][] = [];
    const answers = [failed, failed, passed, failed, failed, passed];
    await using health = open({
      service: { healthCheck },
      exec: async (_replica, { hook }) => {
        commands.push([health.clock.now() - 1_000_000, hook.command]);
        return answers[commands.length - 1] ?? passed;
      },
    });
    const replica = replicaOf();
    health.monitor.track([replica]);
    await health.clock.advance(2_500);
    assert.equal(health.healthOf(replica), 'starting');
    assert.equal(health.monitor.verdictOf(replica).lastOutput, 'broken');
    await health.clock.advance(500);
    assert.deepEqual(health.monitor.verdictOf(replica), {
      health: 'healthy',
      since: 1_003_000,
      lastOutput: 'fine',
    });
    await health.clock.advance(20_000);
    assert.equal(health.healthOf(replica), 'unhealthy');
    await health.clock.advance(10_000);
    assert.equal(health.healthOf(replica), 'healthy');
    assert.deepEqual(
      commands.map(([at]) => at),
      [1_000, 2_000, 3_000, 13_000, 23_000, 33_000],
    );
    assert.deepEqual(commands[0]?.[1], ['check', '--now']);
    assert.equal(health.changes(), 3);
  });

  test('runs a CMD-SHELL check by a shell', async () => {
    const commands: (readonly string[])[] = [];
    await using health = open({
      service: { healthCheck: { ...healthCheck, test: ['CMD-SHELL', 'curl -f localhost || exit 1'] } },
      exec: async (_replica, { hook }) => {
        commands.push(hook.command);
        return passed;
      },
    });
    health.monitor.track([replicaOf()]);
    await health.clock.advance(1_000);
    assert.deepEqual(commands, [['/bin/sh', '-c', 'curl -f localhost || exit 1']]);
  });

  test('fails a check that does not answer in time, and ends it', async () => {
    let ended = 0;
    await using health = open({
      service: { healthCheck: { ...healthCheck, startPeriodMs: 0, retries: 1 } },
      exec: (_replica, _options, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            ended++;
            reject(signal.reason);
          }),
        ),
    });
    health.monitor.track([replicaOf()]);
    await health.clock.advance(12_999);
    assert.deepEqual([ended, health.healthOf(replicaOf())], [0, 'starting']);
    await health.clock.advance(1);
    assert.deepEqual([ended, health.healthOf(replicaOf())], [1, 'unhealthy']);
    assert.match(health.monitor.verdictOf(replicaOf()).lastOutput ?? '', /timeout of 3000 ms/);
  });

  test('fails a check that cannot be run', async () => {
    await using health = open({
      service: { healthCheck: { ...healthCheck, startPeriodMs: 0, retries: 1 } },
      exec: () => Promise.reject(new TenfoldError('command-not-found', 'no program curl was found')),
    });
    health.monitor.track([replicaOf()]);
    await health.clock.advance(10_000);
    assert.equal(health.healthOf(replicaOf()), 'unhealthy');
    assert.match(health.monitor.verdictOf(replicaOf()).lastOutput ?? '', /no program curl/);
  });

  test('is checked at once when it has run for long already', async () => {
    await using health = open({ service: { healthCheck } });
    const replica = replicaOf({ state: { kind: 'running', startedAt: 1 } });
    health.monitor.track([replica]);
    await health.clock.advance(0);
    assert.equal(health.healthOf(replica), 'healthy');
  });

  test('starts anew when it was started anew', async () => {
    await using health = open({ service: { healthCheck } });
    const [first, second] = [1_000_000, 1_005_000].map((startedAt) =>
      replicaOf({ state: { kind: 'running', startedAt } }),
    );
    assert.ok(first && second);
    health.monitor.track([first]);
    await health.clock.advance(5_000);
    assert.equal(health.healthOf(first), 'healthy');
    health.monitor.track([second]);
    assert.equal(health.healthOf(second), 'starting');
    await health.clock.advance(1_000);
    assert.equal(health.healthOf(second), 'healthy');
  });

  test('is no longer checked once it is gone or ended', async () => {
    let checks = 0;
    await using health = open({
      service: { healthCheck },
      exec: async () => {
        checks++;
        return passed;
      },
    });
    health.monitor.track([replicaOf(), replicaOf({ id: 'two' })]);
    await health.clock.advance(1_000);
    assert.equal(checks, 2);
    const state = { kind: 'exited', startedAt: 1, exitCode: 0, finishedAt: 2 } as const;
    health.monitor.track([replicaOf({ id: 'two', state })]);
    await health.clock.advance(60_000);
    assert.equal(checks, 2);
  });

  test('waits for its turn when many are to be checked at the same time', async () => {
    let running = 0;
    let most = 0;
    await using health = open({
      service: { healthCheck },
      exec: async () => {
        most = Math.max(most, ++running);
        await health.clock.sleep(10);
        running--;
        return passed;
      },
    });
    const replicas = Array.from({ length: 50 }, (_, at) => replicaOf({ id: `replica-${at}` }));
    health.monitor.track(replicas);
    await health.clock.advance(1_200);
    assert.equal(most, 8);
    for (const replica of replicas) assert.equal(health.healthOf(replica), 'healthy');
  });
});

describe('the health that a runtime reports itself', () => {
  test('is passed on, with the time since when it is so', async () => {
    await using health = open({ exec: () => assert.fail('nothing is checked') });
    health.monitor.track([replicaOf({ health: 'starting' })]);
    await health.clock.advance(4_000);
    const replica = replicaOf({ health: 'healthy' });
    health.monitor.track([replica]);
    await health.clock.advance(4_000);
    health.monitor.track([replica]);
    assert.deepEqual(health.monitor.verdictOf(replica), { health: 'healthy', since: 1_004_000 });
  });

  test('is passed on for a replica that was never seen before', async () => {
    await using health = open();
    assert.equal(health.healthOf(replicaOf({ health: 'unhealthy' })), 'unhealthy');
    assert.equal(health.healthOf(replicaOf()), 'starting');
  });
});

test('checks end with the monitor', async () => {
  let ended = 0;
  const health = open({
    service: { healthCheck },
    exec: (_replica, _options, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => {
          ended++;
          reject(signal.reason);
        }),
      ),
  });
  health.monitor.track([replicaOf()]);
  await health.clock.advance(1_000);
  await health[Symbol.asyncDispose]();
  assert.equal(ended, 1);
});
