import assert from 'node:assert/strict';
import { once } from 'node:events';
import { stat, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import {
  createProxyDriver,
  type ProxyDriver,
  type ProxyDriverOptions,
} from '../../src/balancer/proxy/proxy-driver.ts';
import { latencyBucket } from '../../src/balancer/latency-histogram.ts';
import { isTenfoldError } from '../../src/shared/errors.ts';
import { ask, sendRaw, statusOf } from '../contracts/balancer/clients.ts';
import { BalancedService, never } from '../contracts/balancer/harness.ts';
import { httpReplica, rawReplica, type TestReplica } from '../contracts/balancer/replicas.ts';
import { eventually } from '../helpers/eventually.ts';
import { isFree } from '../helpers/free-port.ts';
import { ownedProcesses, type OwnedProcess } from '../helpers/owned-processes.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

const isLinux = process.platform === 'linux';

type Options = Omit<ProxyDriverOptions, 'socketPath' | 'logPath'>;

async function open(t: TestContext, options: Options = {}): Promise<{ driver: ProxyDriver; folder: string }> {
  const folder = await temporaryFolder();
  const driver = openIn(folder.path, options);
  t.after(async () => {
    // Whatever driver the test left, this one ends the proxy.
    await using last = openIn(folder.path, options);
    await driver[Symbol.asyncDispose]();
    await last.shutdown(0, never);
    await folder[Symbol.asyncDispose]();
  });
  return { driver, folder: folder.path };
}

function openIn(folder: string, options: Options = {}): ProxyDriver {
  const paths = { socketPath: join(folder, 'proxy.sock'), logPath: join(folder, 'proxy.log') };
  return createProxyDriver({ ...paths, workers: 2, ...options });
}

async function good(t: TestContext, name = 'web-1'): Promise<TestReplica> {
  const replica = await httpReplica(name, (incoming, outgoing) => {
    incoming.resume().on('end', () => outgoing.end(name));
  });
  t.after(() => replica.kill());
  return replica;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('the proxy process', { timeout: 300_000 }, () => {
  test('a worker that is killed is replaced, and no new connection is refused meanwhile', async (t) => {
    const { driver } = await open(t, { workers: 1 });
    const service = await BalancedService.open(driver, [await good(t)]);
    for (let count = 0; count < 5; count++) await ask(service.port);
    await driver.observe(never);
    const [before] = await driver.workerPids(never);
    assert.ok(before !== undefined);
    process.kill(before, 'SIGKILL');
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => ask(service.port).catch((error: Error) => error)),
    );
    const refused = answers.filter(
      (answer) => answer instanceof Error && /ECONNREFUSED/.test(answer.message),
    );
    assert.deepEqual(refused, []);
    await eventually(async () => assert.equal((await ask(service.port)).status, 200));
    const [after] = await driver.workerPids(never);
    assert.notEqual(after, before);
    const { requests } = await service.observeListener();
    assert.ok(requests >= 6, `${requests} requests are still counted`);
  });

  test('a worker that starts later knows the table, the drains and what is out of rotation', async (t) => {
    const { driver } = await open(t, { workers: 1 });
    const [one, two] = [await good(t, 'web-1'), await good(t, 'web-2')];
    const service = await BalancedService.open(driver, [one, two]);
    await service.set(one, { rotation: 'draining' });
    const [pid] = await driver.workerPids(never);
    assert.ok(pid !== undefined);
    process.kill(pid, 'SIGKILL');
    for (let count = 0; count < 6; count++) {
      const answer = await eventually(() => ask(service.port));
      assert.equal(answer.body, 'web-2');
    }
  });

  test('counts responses by class and their durations over all workers, and goes on counting in a new proxy', async (t) => {
    const { driver } = await open(t);
    const slow = await httpReplica('web-1', (incoming, outgoing) => {
      outgoing.statusCode = incoming.url === '/missing' ? 404 : 200;
      setTimeout(() => outgoing.end(), 20);
    });
    t.after(() => slow.kill());
    const service = await BalancedService.open(driver, [slow]);
    for (let count = 0; count < 8; count++) await ask(service.port, { path: '/' });
    await ask(service.port, { path: '/missing' });
    const before = await service.observe(slow);
    assert.deepEqual(before.responses, [0, 8, 0, 1, 0]);
    assert.equal(before.latency.count, 9);
    assert.ok(before.latency.sumMs >= 9 * 19, `${before.latency.sumMs} ms in all`);
    assert.equal(Math.min(...Object.keys(before.latency.buckets).map(Number)) >= latencyBucket(19), true);
    assert.ok(driver.pid !== undefined);
    process.kill(driver.pid, 'SIGKILL');
    await eventually(async () => assert.equal((await ask(service.port)).status, 200));
    const after = await service.observe(slow);
    assert.deepEqual(after.responses, [0, 9, 0, 1, 0]);
    assert.equal(after.latency.count, 10);
  });

  test('requests in a worker that dies are counted as lost', async (t) => {
    const { driver } = await open(t, { workers: 1 });
    const held = await httpReplica('web-1', () => {});
    t.after(() => held.kill());
    const service = await BalancedService.open(driver, [held]);
    const lost = ask(service.port);
    await eventually(async () => assert.equal((await service.observe(held)).inFlight, 1));
    const [pid] = await driver.workerPids(never);
    assert.ok(pid !== undefined);
    process.kill(pid, 'SIGKILL');
    await assert.rejects(lost);
    await eventually(async () =>
      assert.deepEqual((await service.observeListener()).failures, { 'worker-lost': 1 }),
    );
  });

  test('when the main process is killed its workers end, and a new proxy carries the same table', async (t) => {
    const { driver } = await open(t);
    const service = await BalancedService.open(driver, [await good(t)]);
    await ask(service.port);
    const counted = await service.observeListener();
    const { pid } = driver;
    const workers = await driver.workerPids(never);
    assert.ok(pid !== undefined);
    const stop = new AbortController();
    let told = 0;
    driver.watch(() => told++, stop.signal);
    process.kill(pid, 'SIGKILL');
    await eventually(() => assert.ok(driver.pid !== undefined && driver.pid !== pid));
    assert.equal((await ask(service.port)).status, 200);
    await eventually(() => assert.ok(!workers.some(isRunning)));
    assert.ok(told >= 2, 'both the loss and the return are told');
    assert.ok((await service.observeListener()).requests > counted.requests, 'counters go on');
    stop.abort();
  });

  test('an apply while the proxy is down waits for the next one', async (t) => {
    const { driver } = await open(t);
    const service = await BalancedService.open(driver, [await good(t, 'web-1')]);
    const { pid } = driver;
    assert.ok(pid !== undefined);
    process.kill(pid, 'SIGKILL');
    await service.setReplicas([await good(t, 'web-2')]);
    assert.equal((await ask(service.port)).body, 'web-2');
  });

  test('a proxy that is killed after another driver has found it, and before that has applied anything, is back with its table', async (t) => {
    const { driver, folder } = await open(t);
    const service = await BalancedService.open(driver, [await good(t)]);
    await driver[Symbol.asyncDispose]();
    await using next = openIn(folder);
    await next.connect(never);
    const { pid } = next;
    assert.ok(pid !== undefined);
    process.kill(pid, 'SIGKILL');
    // Its workers live on for a moment, and might be the ones that answer.
    await eventually(() => assert.ok(next.pid !== undefined && next.pid !== pid));
    assert.equal((await ask(service.port)).status, 200);
  });

  test('a driver that is disposed of while it starts a proxy leaves none', { skip: !isLinux }, async () => {
    await using folder = await temporaryFolder();
    const started = (): Promise<readonly OwnedProcess[]> => ownedProcesses([`TENFOLD_HOME=${folder.path}`]);
    const driver = openIn(folder.path);
    const connecting = assert.rejects(driver.connect(never), (error) =>
      isTenfoldError(error, 'balancer-unreachable'),
    );
    await eventually(async () => assert.notDeepEqual(await started(), []));
    await driver[Symbol.asyncDispose]();
    await connecting;
    await eventually(async () => assert.deepEqual(await started(), []));
  });

  test('the proxy outlives its driver, and the next driver finds table, drains and counters', async (t) => {
    const { driver, folder } = await open(t);
    const held: (() => void)[] = [];
    const slow = await httpReplica('web-1', (_, outgoing) => held.push(() => outgoing.end('slow')));
    t.after(() => slow.kill());
    const service = await BalancedService.open(driver, [slow]);
    const running = ask(service.port);
    await eventually(() => assert.equal(held.length, 1));
    await service.set(slow, { rotation: 'draining' });
    const { pid } = driver;
    await driver[Symbol.asyncDispose]();
    await assert.rejects(driver.observe(never), (error) => isTenfoldError(error, 'balancer-unreachable'));
    await using next = openIn(folder);
    assert.deepEqual(await next.table(never), JSON.parse(JSON.stringify(service.table)));
    assert.equal(next.pid, pid);
    const [endpoint] = (await next.observe(never)).endpoints;
    assert.deepEqual([endpoint?.state, endpoint?.inFlight, endpoint?.totals.requests], ['draining', 1, 1]);
    held.forEach((release) => release());
    assert.equal((await running).body, 'slow');
    await eventually(async () => assert.equal((await next.observe(never)).endpoints[0]?.state, 'drained'));
  });

  test('only its own user may speak to it', async (t) => {
    const { driver, folder } = await open(t);
    await driver.connect(never);
    assert.equal((await stat(join(folder, 'proxy.sock'))).mode & 0o777, 0o600);
  });

  test('a socket that a dead proxy left behind is replaced', async (t) => {
    const { driver, folder } = await open(t);
    await writeFile(join(folder, 'proxy.sock'), '');
    await driver.connect(never);
    assert.ok(driver.pid !== undefined);
  });

  for (const [who, greeting, got] of [
    ['a foreign program', '220 mail ready\n', /foreign|closed|not/],
    [
      'a proxy of another version',
      '{"proxy":"tenfold","protocol":999,"pid":1,"workers":[],"startedAt":0}\n',
      /protocol 999/,
    ],
  ] as const) {
    test(`${who} on the socket is named and left alone`, async (t) => {
      await using folder = await temporaryFolder();
      const server = createServer((socket) => socket.write(greeting));
      server.listen(join(folder.path, 'proxy.sock'));
      await once(server, 'listening');
      t.after(() => server.close());
      await using driver = openIn(folder.path);
      await assert.rejects(driver.connect(never), (error) => {
        assert.ok(isTenfoldError(error, 'balancer-unreachable'));
        assert.match(`${error.got}`, got);
        return true;
      });
      assert.ok(server.listening);
    });
  }

  test('at shutdown it accepts no more, answers what runs, ends, and leaves its ports free', async (t) => {
    const { driver } = await open(t);
    const held: (() => void)[] = [];
    const slow = await httpReplica('web-1', (_, outgoing) => held.push(() => outgoing.end('late')));
    t.after(() => slow.kill());
    const service = await BalancedService.open(driver, [slow]);
    const agent = new Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    const running = ask(service.port, { agent });
    await eventually(() => assert.equal(held.length, 1));
    const { pid } = driver;
    const ended = driver.shutdown(10_000, never);
    await eventually(async () => assert.ok(await isFree(service.port)));
    held.forEach((release) => release());
    const answer = await running;
    assert.deepEqual([answer.body, answer.headers['connection']], ['late', 'close']);
    await ended;
    await eventually(() => assert.ok(pid !== undefined && !isRunning(pid)));
  });
});

describe('the limits of a client', { timeout: 300_000 }, () => {
  const limits = {
    headTimeoutMs: 150,
    bodyTimeoutMs: 150,
    keepAliveMs: 200,
    lingerMs: 100,
    sendTimeoutMs: 300,
  };

  test('a head that does not come in time is refused with 408', async (t) => {
    const { driver } = await open(t, { limits });
    const service = await BalancedService.open(driver, [await good(t)]);
    assert.equal(statusOf(await sendRaw(service.port, 'GET / HTTP/1.1\r\nHost:')), 408);
  });

  test('a connection on which nothing comes is closed without a word', async (t) => {
    const { driver } = await open(t, { limits });
    const service = await BalancedService.open(driver, [await good(t)]);
    assert.equal(await sendRaw(service.port, ''), '');
  });

  test('a body that stops coming is refused with 408, and no replica has failed', async (t) => {
    const { driver } = await open(t, { limits });
    const replica = await good(t);
    const service = await BalancedService.open(driver, [replica]);
    const text = await sendRaw(service.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhel');
    assert.equal(statusOf(text), 408);
    assert.equal((await service.observe(replica)).totals.failed, 0);
    assert.equal((await service.observeListener()).failed, 0);
  });

  test('an idle connection is closed after its time', async (t) => {
    const { driver } = await open(t, { limits });
    const service = await BalancedService.open(driver, [await good(t)]);
    assert.equal(statusOf(await sendRaw(service.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')), 200);
  });

  test('time limits hold on for connections of a listener that has closed', async (t) => {
    const { driver } = await open(t, { limits });
    const service = await BalancedService.open(driver, [await good(t)]);
    const stuck = sendRaw(service.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhel');
    await eventually(async () => assert.equal((await service.observeListener()).requests, 1));
    await driver.apply({ listeners: [], pools: service.table.pools }, never);
    assert.equal(statusOf(await stuck), 408);
  });

  test('a header section that is too large is refused with 431, a request line with 414', async (t) => {
    const { driver } = await open(t, { limits: { maxHeadBytes: 16_384 } });
    const service = await BalancedService.open(driver, [await good(t)]);
    const large = `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`;
    assert.equal(statusOf(await sendRaw(service.port, large)), 431);
    assert.equal(
      statusOf(await sendRaw(service.port, `GET /${'x'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`)),
      414,
    );
  });

  test('a client that takes nothing of its response is given up, and the replica is let go', async (t) => {
    const { driver } = await open(t, { limits });
    const chunk = Buffer.alloc(65_536);
    let isLetGo = false;
    const replica = await rawReplica('web-1', (socket) => {
      socket.on('close', () => (isLetGo = true));
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
        const more = (): void => {
          while (!socket.destroyed && socket.write(chunk));
        };
        socket.on('drain', more);
        more();
      });
    });
    t.after(() => replica.kill());
    const service = await BalancedService.open(driver, [replica]);
    const client = connect(service.port, '127.0.0.1');
    client.on('error', () => {});
    client.pause();
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    t.after(() => client.destroy());
    await eventually(() => assert.ok(isLetGo));
    assert.equal((await service.observe(replica)).totals.failed, 0);
  });

  test('a client that pipelines without reading is served only as fast as it reads', async (t) => {
    const { driver } = await open(t);
    let served = 0;
    const body = 'x'.repeat(100_000);
    const replica = await httpReplica('web-1', (_, outgoing) => {
      served++;
      outgoing.end(body);
    });
    t.after(() => replica.kill());
    const service = await BalancedService.open(driver, [replica]);
    const client = connect(service.port, '127.0.0.1');
    client.on('error', () => {});
    t.after(() => client.destroy());
    client.pause();
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(400));
    await eventually(() => assert.ok(served > 10));
    let before = -1;
    await eventually(
      () => {
        const same = before === served;
        before = served;
        assert.ok(same);
      },
      60_000,
      300,
    );
    assert.ok(served < 300, `${served} of 400 were served to a client that reads nothing`);
    let received = 0;
    client.on('data', (chunk: Buffer) => (received += chunk.length));
    client.resume();
    await eventually(() => assert.ok(received > 400 * body.length));
  });
});
