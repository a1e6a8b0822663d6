import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, test, type TestContext } from 'node:test';
import type { BalancerDriver } from '../../../src/balancer/balancer-driver.ts';
import type { BalancingPolicy } from '../../../src/model/balancing.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type Answer, ask } from './clients.ts';
import { BalancedService, type Lacks } from './harness.ts';
import { httpReplica, rawReplica, type TestReplica } from './replicas.ts';

/** Answers when it is told to, and knows how much it had at a time. */
interface BusyReplica {
  readonly replica: TestReplica;
  readonly held: (() => void)[];
  readonly peak: () => number;
  readonly served: () => number;
  /** From now on it answers by itself, soon. */
  flow(): void;
}

async function busyReplica(t: TestContext, name: string): Promise<BusyReplica> {
  const held: (() => void)[] = [];
  let [running, peak, served, isFlowing] = [0, 0, 0, false];
  const replica = await httpReplica(name, (incoming, outgoing) => {
    running++;
    peak = Math.max(peak, running);
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      running--;
      served++;
      outgoing.end(name);
    };
    outgoing.on('close', () => {
      if (isOver) return;
      isOver = true;
      running--;
    });
    if (isFlowing) setTimeout(end, 3);
    else held.push(end);
    incoming.resume();
  });
  t.after(() => replica.kill());
  return {
    replica,
    held,
    peak: () => peak,
    served: () => served,
    flow: () => {
      isFlowing = true;
      for (const release of held.splice(0)) release();
    },
  };
}

/** How much a replica is given at a time, and who waits for how long. */
export function testLimits(driver: () => BalancerDriver, lacks: Lacks): void {
  const limited = async (
    t: TestContext,
    count: number,
    policy: Partial<BalancingPolicy>,
  ): Promise<{ service: BalancedService; busy: BusyReplica[] }> => {
    const busy: BusyReplica[] = [];
    for (let index = 1; index <= count; index++) busy.push(await busyReplica(t, `web-${index}`));
    const all = busy.map(({ replica }) => replica);
    return { service: await BalancedService.open(driver(), all, { policy }), busy };
  };
  const waiting = (service: BalancedService, count: number): Promise<void> =>
    eventually(async () => assert.equal((await service.observeListener()).waiting, count));

  describe('max_connections', () => {
    test('is never exceeded over all workers, and all of it is used while requests wait', async (t) => {
      const queue = { size: 300, timeoutMs: 20_000 };
      const { service, busy } = await limited(t, 2, { maxConnections: 5, queue });
      const asked = Array.from({ length: 60 }, () => ask(service.port));
      await eventually(() =>
        assert.deepEqual(
          busy.map(({ held }) => held.length),
          [5, 5],
        ),
      );
      await waiting(service, 50);
      for (const each of busy) each.flow();
      const answers = await Promise.all(asked);
      assert.ok(answers.every(({ status }) => status === 200));
      assert.deepEqual(
        busy.map(({ peak }) => peak()),
        [5, 5],
      );
      const { waiting: left, waitedMs, failed } = await service.observeListener();
      assert.deepEqual([left, failed], [0, 0]);
      assert.ok(waitedMs > 0, `${waitedMs}`);
    });

    test('of 1 serves everybody, whichever worker has the connection', async (t) => {
      const queue = { size: 300, timeoutMs: 20_000 };
      const { service, busy } = await limited(t, 1, { maxConnections: 1, queue });
      busy[0]?.flow();
      const answers = await Promise.all(Array.from({ length: 40 }, () => ask(service.port)));
      assert.ok(answers.every(({ status }) => status === 200));
      assert.equal(busy[0]?.peak(), 1);
    });

    test('can be changed while requests are in flight', async (t) => {
      const queue = { size: 300, timeoutMs: 20_000 };
      const { service, busy } = await limited(t, 1, { maxConnections: 2, queue });
      const asked = Array.from({ length: 12 }, () => ask(service.port));
      const held = busy[0]?.held ?? [];
      await eventually(() => assert.equal(held.length, 2));
      await service.setPolicy({ maxConnections: 7 });
      await eventually(() => assert.equal(held.length, 7));
      await service.setPolicy({ maxConnections: 3 });
      for (const release of held.splice(0)) release();
      await eventually(() => assert.equal(held.length, 3));
      busy[0]?.flow();
      assert.ok((await Promise.all(asked)).every(({ status }) => status === 200));
    });

    test('holds TCP connections back too, and lets those who leave go', async (t) => {
      const replica = await rawReplica('db-1', (socket) => socket.pipe(socket));
      t.after(() => replica.kill());
      const service = await BalancedService.open(driver(), [replica], {
        protocol: 'tcp',
        policy: { maxConnections: 1, queue: { size: 30, timeoutMs: 20_000 } },
      });
      const dial = async (): Promise<ReturnType<typeof connect>> => {
        const socket = connect(service.port, '127.0.0.1');
        socket.on('error', () => {});
        await once(socket, 'connect');
        return socket;
      };
      const first = await dial();
      first.write('one');
      await once(first, 'data');
      const [leaving, second] = [await dial(), await dial()];
      second.write('two');
      await waiting(service, 2);
      leaving.resetAndDestroy();
      await waiting(service, 1);
      assert.equal(replica.accepted(), 1);
      first.end();
      second.end();
      assert.equal(await text(second), 'two');
      await eventually(async () => assert.equal((await service.observe(replica)).inFlight, 0));
    });
  });

  describe('a queue', () => {
    test('that is full refuses with 503 and Retry-After at once', async (t) => {
      const queue = { size: 6, timeoutMs: 20_000 };
      const { service, busy } = await limited(t, 1, { maxConnections: 1, queue });
      const answers: Answer[] = [];
      const asked = Array.from({ length: 40 }, async () => {
        const answer = await ask(service.port);
        answers.push(answer);
      });
      await eventually(() => assert.ok(answers.length >= 33, `${answers.length}`));
      assert.ok(answers.every(({ status }) => status === 503));
      assert.equal(answers[0]?.headers['retry-after'], '1');
      // Each worker has its part of the places; those that few connections came to may stay empty.
      const inQueue = await eventually(async () => {
        const { waiting: inside } = await service.observeListener();
        assert.equal(answers.length + inside + 1, asked.length);
        return inside;
      });
      assert.ok(inQueue <= 6, `${inQueue}`);
      busy[0]?.flow();
      await Promise.all(asked);
      assert.equal(answers.filter(({ status }) => status === 200).length, inQueue + 1);
      const { failures, failed } = await service.observeListener();
      assert.deepEqual([failed, Object.keys(failures)], [39 - inQueue, ['overload']]);
    });

    test('refuses who has waited for its timeout, and tells that request from the others', async (t) => {
      const queue = { size: 60, timeoutMs: 150 };
      const { service, busy } = await limited(t, 1, { maxConnections: 1, queue });
      const first = ask(service.port);
      await eventually(() => assert.equal(busy[0]?.held.length, 1));
      const late = await ask(service.port);
      assert.equal(late.status, 503);
      assert.equal(late.headers['retry-after'], '1');
      assert.deepEqual((await service.observeListener()).failures, { overload: 1 });
      busy[0]?.flow();
      assert.equal((await first).status, 200);
      assert.equal((await ask(service.port)).status, 200);
    });

    test('is left by a client that goes away, and no replica hears of it', async (t) => {
      const queue = { size: 60, timeoutMs: 20_000 };
      const { service, busy } = await limited(t, 1, { maxConnections: 1, queue });
      const first = ask(service.port);
      await eventually(() => assert.equal(busy[0]?.held.length, 1));
      const leaving = connect(service.port, '127.0.0.1');
      leaving.write('GET /gone HTTP/1.1\r\nHost: x\r\n\r\n');
      await waiting(service, 1);
      leaving.destroy();
      await waiting(service, 0);
      busy[0]?.flow();
      assert.equal((await first).status, 200);
      assert.equal(busy[0]?.served(), 1);
      assert.equal((await service.observeListener()).failed, 0);
    });

    test('keeps request bodies until there is room', async (t) => {
      const echo = await httpReplica('web-1', (incoming, outgoing) => incoming.pipe(outgoing));
      t.after(() => echo.kill());
      const policy = { maxConnections: 1, queue: { size: 60, timeoutMs: 20_000 } };
      const service = await BalancedService.open(driver(), [echo], { policy });
      const bodies = Array.from({ length: 8 }, (_, index) => String(index).repeat(200_000));
      const answers = await Promise.all(bodies.map((body) => ask(service.port, { method: 'POST', body })));
      assert.ok(answers.every((answer, index) => answer.body === bodies[index]));
    });

    test('goes on when replicas come, and when the one that was full leaves', async (t) => {
      const queue = { size: 60, timeoutMs: 20_000 };
      const { service, busy } = await limited(t, 1, { maxConnections: 1, queue });
      const first = ask(service.port);
      await eventually(() => assert.equal(busy[0]?.held.length, 1));
      const others = [ask(service.port), ask(service.port), ask(service.port)];
      await waiting(service, 3);
      const fresh = await busyReplica(t, 'web-2');
      fresh.flow();
      const [full] = busy;
      assert.ok(full);
      await service.setReplicas([full.replica, fresh.replica]);
      for (const other of others) assert.equal((await other).body, 'web-2');
      full.flow();
      assert.equal((await first).status, 200);
    });
  });

  describe('a pool that holds its requests', { skip: lacks.hold ?? false }, () => {
    test('lets them wait until there is a replica, and says how many wait', async (t) => {
      const service = await BalancedService.open(driver(), [], { holdMs: 20_000 });
      let told = 0;
      const stop = new AbortController();
      t.after(() => stop.abort());
      driver().watch(() => told++, stop.signal);
      const asked = [ask(service.port), ask(service.port, { method: 'POST', body: 'x'.repeat(100_000) })];
      await waiting(service, 2);
      await eventually(() => assert.ok(told > 0, 'those who watch are told that a request waits'));
      const replica = await httpReplica('web-1', (incoming, outgoing) => {
        incoming.resume().on('end', () => outgoing.end('web-1'));
      });
      t.after(() => replica.kill());
      await service.setReplicas([replica]);
      for (const answer of await Promise.all(asked)) assert.equal(answer.body, 'web-1');
      const { waiting: left, waitedMs, failed } = await service.observeListener();
      assert.deepEqual([left, failed], [0, 0]);
      assert.ok(waitedMs > 0);
    });

    test('refuses with the reason when none came in time', async () => {
      const service = await BalancedService.open(driver(), [], { holdMs: 150, emptyReason: 'web sleeps' });
      const { status, body } = await ask(service.port);
      assert.equal(status, 503);
      assert.match(body, /web sleeps/);
      assert.deepEqual((await service.observeListener()).failures, { 'no-endpoint': 1 });
    });

    test('holds TCP connections too', async (t) => {
      const service = await BalancedService.open(driver(), [], { holdMs: 20_000, protocol: 'tcp' });
      const socket = connect(service.port, '127.0.0.1');
      socket.end('hello');
      await waiting(service, 1);
      const replica = await rawReplica('db-1', (each) => each.pipe(each));
      t.after(() => replica.kill());
      await service.setReplicas([replica]);
      assert.equal(await text(socket), 'hello');
    });
  });
}
