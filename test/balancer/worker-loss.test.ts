import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, test, type TestContext } from 'node:test';
import type { ProxyDriver } from '../../src/balancer/proxy/proxy-driver.ts';
import { ask, responseTo } from '../contracts/balancer/clients.ts';
import { BalancedService, never } from '../contracts/balancer/harness.ts';
import { httpReplica, type TestReplica } from '../contracts/balancer/replicas.ts';
import { eventually } from '../helpers/eventually.ts';
import { openProxy } from './edge/open-proxy.ts';

async function open(t: TestContext): Promise<ProxyDriver> {
  const proxy = await openProxy({ workers: 2 });
  t.after(() => proxy[Symbol.asyncDispose]());
  return proxy.driver;
}

/** Sends a line every few milliseconds for as long as somebody listens. */
async function streaming(t: TestContext): Promise<TestReplica> {
  const replica = await httpReplica('web-1', (_, outgoing) => {
    outgoing.write('line\n');
    const timer = setInterval(() => outgoing.write('line\n'), 10);
    outgoing.on('close', () => clearInterval(timer));
  });
  t.after(() => replica.kill());
  return replica;
}

interface Stream {
  bytes: number;
  isOver: boolean;
  stop(): void;
}

async function openStream(port: number): Promise<Stream> {
  const outgoing = request({ port, host: '127.0.0.1', agent: false });
  const responding = responseTo(outgoing);
  outgoing.end();
  const response = await responding;
  const stream: Stream = { bytes: 0, isOver: false, stop: () => outgoing.destroy() };
  response.on('data', (bytes: Buffer) => (stream.bytes += bytes.length));
  response.on('error', () => {});
  response.on('close', () => (stream.isOver = true));
  outgoing.on('error', () => {});
  return stream;
}

describe('when a worker is killed', { timeout: 300_000 }, () => {
  test('only its own connections are lost, and as many are counted as lost', async (t) => {
    const driver = await open(t);
    const service = await BalancedService.open(driver, [await streaming(t)]);
    // Who accepts a connection is up to the kernel; with so many, both have some.
    const streams = await Promise.all(Array.from({ length: 24 }, () => openStream(service.port)));
    t.after(() => streams.forEach((stream) => stream.stop()));
    const [victim, survivor] = await driver.workerPids(never);
    assert.ok(victim !== undefined && survivor !== undefined);
    // What was in flight at its last report is what it is known to have lost.
    await driver.observe(never);
    process.kill(victim, 'SIGKILL');
    const lost = await eventually(async () => {
      const { failures } = await service.observeListener();
      const over = streams.filter(({ isOver }) => isOver).length;
      assert.equal(failures['worker-lost'] ?? 0, over);
      assert.ok(!(await driver.workerPids(never)).includes(victim));
      return over;
    });
    const before = streams.map(({ bytes }) => bytes);
    await eventually(() => {
      for (const [index, stream] of streams.entries()) {
        assert.ok(stream.isOver || stream.bytes > (before[index] ?? 0), 'the others go on');
      }
    });
    t.diagnostic(`${lost} of ${streams.length} connections were its own`);
    assert.equal(streams.filter(({ isOver }) => isOver).length, lost);
    assert.ok((await driver.workerPids(never)).includes(survivor));
  });

  test('what it had of max_connections is free for the others', async (t) => {
    const driver = await open(t);
    const service = await BalancedService.open(driver, [await streaming(t)], {
      policy: { maxConnections: 1, queue: { size: 40, timeoutMs: 20_000 } },
    });
    const first = await openStream(service.port);
    t.after(() => first.stop());
    const waiting = openStream(service.port);
    await eventually(async () => assert.equal((await service.observeListener()).waiting, 1));
    for (const pid of await driver.workerPids(never)) process.kill(pid, 'SIGKILL');
    await Promise.allSettled([waiting]);
    const next = await eventually(() => openStream(service.port));
    await eventually(() => assert.ok(next.bytes > 0));
    next.stop();
  });
});

test('a sticky cookie outlives the proxy', { timeout: 60_000 }, async (t) => {
  const driver = await open(t);
  const replicas = await Promise.all(
    ['a', 'b', 'c', 'd'].map((name) => httpReplica(name, (_, outgoing) => outgoing.end(name))),
  );
  t.after(() => replicas.forEach((replica) => replica.kill()));
  const service = await BalancedService.open(driver, replicas, {
    policy: { sticky: { cookie: 'route', sameSite: 'Lax' } },
  });
  const first = await ask(service.port);
  const cookie = first.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  const { pid } = driver;
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGKILL');
  await eventually(() => assert.ok(driver.pid !== undefined && driver.pid !== pid));
  for (let count = 0; count < 8; count++) {
    const answer = await eventually(() => ask(service.port, { headers: { cookie } }));
    assert.deepEqual([answer.body, answer.headers['set-cookie']], [first.body, undefined]);
  }
});
