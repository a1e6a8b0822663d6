import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BalancerDriver } from '../../../src/balancer/balancer-driver.ts';
import { eventually } from '../../helpers/eventually.ts';
import { ask } from './clients.ts';
import { BalancedService, never } from './harness.ts';
import { httpReplica, type TestReplica } from './replicas.ts';

/** How a replica leaves: no new request after the acknowledgement, the running ones finish or are cut. */
export function testDraining(driver: () => BalancerDriver): void {
  /** Holds each request until it is released. */
  const holding = async (
    t: TestContext,
    name: string,
  ): Promise<{ replica: TestReplica; held: (() => void)[] }> => {
    const held: (() => void)[] = [];
    const replica = await httpReplica(name, (_, outgoing) => held.push(() => outgoing.end(name)));
    t.after(() => replica.kill());
    return { replica, held };
  };

  describe('draining', () => {
    test('a draining replica gets no new request after the acknowledgement, and finishes what it has', async (t) => {
      const leaving = await holding(t, 'web-1');
      const staying = await httpReplica('web-2', (_, outgoing) => outgoing.end('web-2'));
      t.after(() => staying.kill());
      const service = await BalancedService.open(driver(), [leaving.replica]);
      const running = [ask(service.port), ask(service.port), ask(service.port)];
      await eventually(() => assert.equal(leaving.held.length, 3));
      await service.setReplicas([leaving.replica, staying]);
      await service.set(leaving.replica, { rotation: 'draining' });
      for (let count = 0; count < 20; count++) assert.equal((await ask(service.port)).body, 'web-2');
      const during = await service.observe(leaving.replica);
      assert.deepEqual([during.state, during.inFlight], ['draining', 3]);
      leaving.held.forEach((release) => release());
      for (const answer of await Promise.all(running)) assert.equal(answer.body, 'web-1');
      const done = await eventually(async () => {
        const observed = await service.observe(leaving.replica);
        assert.equal(observed.state, 'drained');
        return observed;
      });
      const { forcedStreams = 0, ...totals } = done.totals;
      assert.equal(forcedStreams, 0);
      assert.deepEqual(totals, {
        requests: 3,
        completed: 3,
        failed: 0,
        retried: 0,
        drained: 3,
        forced: 0,
      });
    });

    test('those who watch are told when the last request has finished', async (t) => {
      const { replica, held } = await holding(t, 'web-1');
      const service = await BalancedService.open(driver(), [replica]);
      const running = ask(service.port);
      await eventually(() => assert.equal(held.length, 1));
      await service.set(replica, { rotation: 'draining' });
      const stop = new AbortController();
      t.after(() => stop.abort());
      let told = 0;
      driver().watch(() => told++, stop.signal);
      held.forEach((release) => release());
      await running;
      await eventually(() => assert.ok(told > 0));
      assert.equal((await service.observe(replica)).state, 'drained');
    });

    test('what still runs at the deadline is cut and counted', async (t) => {
      const { replica, held } = await holding(t, 'web-1');
      const service = await BalancedService.open(driver(), [replica], { policy: { drainTimeoutMs: 100 } });
      const running = ask(service.port, { method: 'POST', body: 'x' });
      await eventually(() => assert.equal(held.length, 1));
      await service.set(replica, { rotation: 'draining' });
      assert.equal((await running).status, 502);
      const { state, totals } = await service.observe(replica);
      assert.deepEqual([state, totals.forced, totals.drained, totals.failed], ['drained', 1, 0, 0]);
      assert.deepEqual((await service.observeListener()).failures, { forced: 1 });
    });

    test('the deadline counts from when draining was first seen, however often the table comes', async (t) => {
      const { replica, held } = await holding(t, 'web-1');
      const service = await BalancedService.open(driver(), [replica], { policy: { drainTimeoutMs: 300 } });
      const running = ask(service.port, { method: 'POST', body: 'x' });
      await eventually(() => assert.equal(held.length, 1));
      await service.set(replica, { rotation: 'draining' });
      let isOver = false;
      const over = running.finally(() => (isOver = true));
      await eventually(async () => {
        await service.apply();
        assert.ok(isOver);
      }, 5_000);
      assert.equal((await over).status, 502);
    });

    test('a GET that is cut before it is answered goes to another replica', async (t) => {
      const { replica, held } = await holding(t, 'web-1');
      const other = await httpReplica('web-2', (_, outgoing) => outgoing.end('web-2'));
      t.after(() => other.kill());
      const service = await BalancedService.open(driver(), [replica], { policy: { drainTimeoutMs: 100 } });
      const running = ask(service.port);
      await eventually(() => assert.equal(held.length, 1));
      await service.setReplicas([replica, other]);
      await service.set(replica, { rotation: 'draining' });
      assert.equal((await running).body, 'web-2');
      assert.equal((await service.observeListener()).failed, 0);
    });

    test('an endpoint that leaves the table is cut at once', async (t) => {
      const { replica, held } = await holding(t, 'web-1');
      const service = await BalancedService.open(driver(), [replica]);
      const running = ask(service.port, { method: 'POST', body: 'x' });
      await eventually(() => assert.equal(held.length, 1));
      await service.setReplicas([]);
      assert.equal((await running).status, 502);
      await eventually(() => assert.equal(replica.sockets.size, 0));
    });

    test('a replica that comes back into rotation is served again, and not cut', async (t) => {
      const { replica, held } = await holding(t, 'web-1');
      const service = await BalancedService.open(driver(), [replica], { policy: { drainTimeoutMs: 200 } });
      const running = ask(service.port);
      await eventually(() => assert.equal(held.length, 1));
      await service.set(replica, { rotation: 'draining' });
      await service.set(replica, { rotation: 'active' });
      const next = ask(service.port);
      await eventually(() => assert.equal(held.length, 2));
      // Past the deadline that no longer counts.
      await sleep(300);
      held.forEach((release) => release());
      assert.deepEqual([(await running).status, (await next).status], [200, 200]);
    });

    test('under load, replicas drain, leave and die with no request failed', async (t) => {
      const make = (name: string): Promise<TestReplica> =>
        httpReplica(name, (incoming, outgoing) => {
          incoming.resume().on('end', () => setTimeout(() => outgoing.end(name), 15));
        });
      let serial = 3;
      let replicas = await Promise.all([1, 2, 3].map((index) => make(`web-${index}`)));
      const service = await BalancedService.open(driver(), replicas);
      const agent = new Agent({ keepAlive: true });
      t.after(() => agent.destroy());
      const failures: string[] = [];
      let asked = 0;
      const load = setInterval(() => {
        for (let count = 0; count < 4; count++) {
          const isPost = ++asked % 4 === 0;
          const options = { method: isPost ? 'POST' : 'GET', ...(asked % 2 === 0 ? { agent } : {}) };
          ask(service.port, { ...options, ...(isPost ? { body: 'x'.repeat(50) } : {}) }).then(
            (answer) => answer.status === 200 || failures.push(`${answer.status} ${answer.body}`),
            (error: Error) => failures.push(error.message),
          );
        }
      }, 20);
      try {
        for (let round = 0; round < 12; round++) {
          const begunAt = asked;
          await eventually(() => assert.ok(asked >= begunAt + 24));
          const [leaving, ...rest] = replicas;
          assert.ok(leaving !== undefined);
          const fresh = await make(`web-${++serial}`);
          await service.setReplicas([leaving, ...rest, fresh]);
          await service.set(leaving, { rotation: 'draining' });
          await eventually(
            async () => assert.equal((await service.observe(leaving)).state, 'drained'),
            5_000,
            5,
          );
          await service.setReplicas([...rest, fresh]);
          leaving.kill();
          replicas = [...rest, fresh];
        }
      } finally {
        clearInterval(load);
      }
      await eventually(async () => {
        const { endpoints } = await driver().observe(never);
        assert.ok(endpoints.every(({ inFlight }) => inFlight === 0));
      });
      for (const replica of replicas) replica.kill();
      assert.deepEqual(failures, []);
      const { requests, failed } = await service.observeListener();
      assert.ok(requests >= 12 * 24);
      assert.equal(failed, 0);
    });
  });
}
