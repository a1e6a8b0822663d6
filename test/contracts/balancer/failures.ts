import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { BalancerDriver } from '../../../src/balancer/balancer-driver.ts';
import { eventually } from '../../helpers/eventually.ts';
import { ask, sendRaw, statusOf } from './clients.ts';
import { BalancedService, deadReplica } from './harness.ts';
import { httpReplica, rawReplica, type TestReplica } from './replicas.ts';

/** Calls until both of two replicas must have had their turn in every worker. */
const enough = 24;

/** What happens when replicas fail: retries, ejection, checks, and the answers when nothing helps. */
export function testFailures(driver: () => BalancerDriver): void {
  const good = async (t: TestContext, name = 'web-1'): Promise<TestReplica> => {
    const replica = await httpReplica(name, (incoming, outgoing) => {
      incoming.resume().on('end', () => outgoing.end(name));
    });
    t.after(() => replica.kill());
    return replica;
  };
  /** Reads the request and closes without an answer; tells how often. */
  const breaking = async (
    t: TestContext,
    part = '',
  ): Promise<{ replica: TestReplica; begun: () => number }> => {
    let begun = 0;
    const replica = await rawReplica('web-bad', (socket) => {
      socket.once('data', () => {
        begun++;
        socket.end(part);
      });
    });
    t.after(() => replica.kill());
    return { replica, begun: () => begun };
  };

  describe('a replica that fails', () => {
    for (const method of ['GET', 'POST']) {
      test(`by refusing connections: another one serves the ${method}`, async (t) => {
        const dead = await deadReplica('web-dead');
        const service = await BalancedService.open(driver(), [dead, await good(t)], {
          policy: { maxFails: 0 },
        });
        for (let count = 0; count < enough; count++) {
          const body = method === 'POST' ? 'x' : undefined;
          assert.equal(
            (await ask(service.port, { method, ...(body === undefined ? {} : { body }) })).status,
            200,
          );
        }
        const { totals, condition } = await service.observe(dead);
        // A balancer may find out by a check of its own, before any request is sent there.
        assert.ok(totals.failed > 0 || condition === 'down');
        assert.equal(totals.retried, totals.failed);
        assert.equal((await service.observeListener()).failed, 0);
      });
    }

    test('after it got an idempotent request: another one serves it, body and all', async (t) => {
      const bad = await breaking(t);
      const echo = await httpReplica('web-2', (incoming, outgoing) => incoming.pipe(outgoing));
      t.after(() => echo.kill());
      const service = await BalancedService.open(driver(), [bad.replica, echo], { policy: { maxFails: 0 } });
      for (let count = 0; count < enough; count++) {
        const answer = await ask(service.port, { method: 'PUT', body: `body ${count}` });
        assert.deepEqual([answer.status, answer.body], [200, `body ${count}`]);
      }
      assert.ok(bad.begun() > 0);
    });

    test('after it got a POST: the POST is not sent again', async (t) => {
      const bad = await breaking(t);
      let served = 0;
      const other = await httpReplica('web-2', (incoming, outgoing) => {
        incoming.resume().on('end', () => {
          served++;
          outgoing.end();
        });
      });
      t.after(() => other.kill());
      const service = await BalancedService.open(driver(), [bad.replica, other], { policy: { maxFails: 0 } });
      const statuses: number[] = [];
      for (let count = 0; count < enough; count++) {
        statuses.push((await ask(service.port, { method: 'POST', body: 'x' })).status);
      }
      const failed = statuses.filter((status) => status === 502).length;
      assert.ok(failed > 0);
      assert.equal(bad.begun(), failed);
      assert.equal(served, enough - failed);
      const { failures } = await service.observeListener();
      assert.deepEqual(failures, { 'broken-response': failed });
    });

    test('inside its response: the client sees that it broke off', async (t) => {
      const bad = await breaking(t, 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart');
      const service = await BalancedService.open(driver(), [bad.replica]);
      await assert.rejects(ask(service.port));
      assert.deepEqual((await service.observeListener()).failures, { 'broken-response': 1 });
    });

    test('with nonsense: nothing of it reaches the client', async (t) => {
      const bad = await breaking(t, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nabc');
      const service = await BalancedService.open(driver(), [bad.replica]);
      const text = await sendRaw(service.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      assert.equal(statusOf(text), 502);
      assert.doesNotMatch(text, /abc/);
    });

    test('by silence: 504, and the request is not given to a second one', async (t) => {
      let asked = 0;
      const silent = async (name: string): Promise<TestReplica> => {
        const replica = await httpReplica(name, () => void asked++);
        t.after(() => replica.kill());
        return replica;
      };
      const replicas = [await silent('web-1'), await silent('web-2')];
      const service = await BalancedService.open(driver(), replicas, { policy: { responseTimeoutMs: 150 } });
      assert.equal((await ask(service.port)).status, 504);
      assert.equal(asked, 1);
      assert.deepEqual((await service.observeListener()).failures, { timeout: 1 });
    });

    test('while a connection to it was idle: no request notices', async (t) => {
      const replica = await good(t);
      const service = await BalancedService.open(driver(), [replica]);
      for (const method of ['GET', 'POST', 'GET', 'POST', 'POST']) {
        assert.equal((await ask(service.port, { method, body: 'x' })).status, 200);
        for (const socket of replica.sockets) socket.end();
        await eventually(() => assert.equal(replica.sockets.size, 0));
      }
      assert.equal((await service.observe(replica)).totals.failed, 0);
    });
  });

  describe('ejection', () => {
    test('max_fails failures take a replica out, and a probe brings it back', async (t) => {
      const flaky = await good(t, 'web-1');
      const policy = { maxFails: 2, failTimeoutMs: 600 };
      const service = await BalancedService.open(driver(), [flaky, await good(t, 'web-2')], { policy });
      flaky.kill();
      for (let count = 0; count < enough; count++) assert.equal((await ask(service.port)).status, 200);
      const { condition, totals, reason } = await service.observe(flaky);
      assert.equal(condition, 'ejected');
      assert.match(reason ?? '', /failed/);
      assert.ok(totals.failed >= 2 && totals.failed < enough / 2, `${totals.failed}`);
      await flaky.revive();
      await eventually(async () => {
        assert.equal((await ask(service.port)).status, 200);
        assert.equal((await service.observe(flaky)).condition, 'up');
      });
    });

    test('never takes the last one: when all are out, all are asked', async (t) => {
      const only = await good(t);
      const policy = { maxFails: 1, failTimeoutMs: 60_000, retries: 0 };
      const service = await BalancedService.open(driver(), [only], { policy });
      only.kill();
      assert.equal((await ask(service.port)).status, 502);
      assert.equal((await service.observe(only)).condition, 'ejected');
      await only.revive();
      assert.equal((await ask(service.port)).status, 200);
    });
  });

  describe('health', () => {
    test('an unhealthy replica gets nothing while there is a healthy one, and everything when there is none', async (t) => {
      const [one, two] = [await good(t, 'web-1'), await good(t, 'web-2')];
      const service = await BalancedService.open(driver(), [one, two]);
      await service.set(one, { isHealthy: false });
      for (let count = 0; count < enough; count++) assert.equal((await ask(service.port)).body, 'web-2');
      assert.equal((await service.observe(one)).condition, 'down');
      await service.setReplicas([one]);
      await service.set(one, { isHealthy: false });
      assert.equal((await ask(service.port)).body, 'web-1');
    });

    for (const path of [undefined, '/health']) {
      test(`a check by ${path === undefined ? 'connection' : 'request'} takes a replica out and back in`, async (t) => {
        let isWell = true;
        const sick = await httpReplica('web-1', (incoming, outgoing) => {
          if (incoming.url === '/health' && !isWell) outgoing.statusCode = 500;
          outgoing.end('web-1');
        });
        t.after(() => sick.kill());
        const activeHealth = { path, intervalMs: 30, timeoutMs: 500, rise: 2, fall: 2 };
        const service = await BalancedService.open(driver(), [sick, await good(t, 'web-2')], {
          policy: { activeHealth },
        });
        isWell = false;
        if (path === undefined) sick.kill();
        await eventually(async () => assert.equal((await service.observe(sick)).condition, 'down'));
        assert.match(
          (await service.observe(sick)).reason ?? '',
          path === undefined ? /refused/ : /answered 500/,
        );
        for (let count = 0; count < enough; count++) assert.equal((await ask(service.port)).body, 'web-2');
        isWell = true;
        if (path === undefined) await sick.revive();
        await eventually(async () => assert.equal((await service.observe(sick)).condition, 'up'));
        await eventually(async () => assert.equal((await ask(service.port)).body, 'web-1'));
      });
    }
  });

  describe('when nothing can be asked', () => {
    test('an empty pool answers 503 with Retry-After and its reason, as text or JSON', async () => {
      const service = await BalancedService.open(driver(), [], { emptyReason: 'web is being deployed' });
      const text = await ask(service.port);
      assert.equal(text.status, 503);
      assert.match(text.headers['retry-after'] ?? '', /^\d+$/);
      assert.match(text.body, /web is being deployed/);
      const json = await ask(service.port, { headers: { Accept: 'application/json' } });
      assert.match(json.headers['content-type'] ?? '', /json/);
      const parsed: unknown = JSON.parse(json.body);
      assert.partialDeepStrictEqual(parsed, { error: { status: 503, reason: 'web is being deployed' } });
      const { requests, failed, failures } = await service.observeListener();
      assert.deepEqual([requests, failed, failures], [2, 2, { 'no-endpoint': 2 }]);
    });

    test('a pool whose only replica refuses answers 502, counted by its kind', async () => {
      const service = await BalancedService.open(driver(), [await deadReplica('web-1')]);
      assert.equal((await ask(service.port)).status, 502);
      assert.deepEqual((await service.observeListener()).failures, { connect: 1 });
    });
  });
}
