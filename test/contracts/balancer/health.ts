import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { BalancerDriver } from '../../../src/balancer/balancer-driver.ts';
import type { ActiveHealthPolicy } from '../../../src/model/balancing.ts';
import { eventually } from '../../helpers/eventually.ts';
import { ask } from './clients.ts';
import { BalancedService, type Lacks } from './harness.ts';
import { httpReplica, rawReplica, type TestReplica } from './replicas.ts';

const quick = { path: undefined, intervalMs: 30, timeoutMs: 500, rise: 1, fall: 2 } as const;

/** What takes a replica out, and brings it back. */
export function testHealth(driver: () => BalancerDriver, lacks: Lacks): void {
  const good = async (t: TestContext, name: string): Promise<TestReplica> => {
    const replica = await httpReplica(name, (incoming, outgoing) =>
      outgoing.end(incoming.url === '/up' ? 'all well' : name),
    );
    t.after(() => replica.kill());
    return replica;
  };
  const condition = (service: BalancedService, replica: TestReplica, wanted: string): Promise<string> =>
    eventually(async () => {
      const observed = await service.observe(replica);
      assert.equal(observed.condition, wanted);
      return observed.reason ?? '';
    });

  describe('a check', () => {
    const checks: readonly (readonly [name: string, check: Partial<ActiveHealthPolicy>, reason: RegExp])[] = [
      ['of a status', { statuses: [[200, 299]] }, /answered (418|with another status)/],
      ['of a text in the body', { expected: { kind: 'contains', text: 'all well' } }, /without|L7/],
      ['of a pattern in the body', { expected: { kind: 'matches', pattern: '^all w[a-e]l+' } }, /without|L7/],
    ];
    for (const [name, check, reason] of checks) {
      test(`${name} takes a replica out while the answer is another, and brings it back`, async (t) => {
        let isWell = true;
        const asked: string[] = [];
        const sick = await httpReplica('sick', (incoming, outgoing) => {
          if (incoming.url !== '/up') {
            outgoing.end('sick');
            return;
          }
          asked.push(`${incoming.method} ${incoming.headers.host}`);
          if (!isWell && check.statuses !== undefined) outgoing.statusCode = 418;
          outgoing.end(isWell ? 'all well' : 'not so well');
        });
        t.after(() => sick.kill());
        const well = await httpReplica('well', (incoming, outgoing) => {
          outgoing.end(incoming.url === '/up' ? 'all well' : 'well');
        });
        t.after(() => well.kill());
        const activeHealth = { ...quick, path: '/up', host: 'app.example', ...check };
        const service = await BalancedService.open(driver(), [sick, well], { policy: { activeHealth } });
        await eventually(() => assert.equal(asked.at(-1), 'GET app.example'));
        isWell = false;
        assert.match(await condition(service, sick, 'down'), reason);
        for (let count = 0; count < 6; count++) assert.equal((await ask(service.port)).body, 'well');
        isWell = true;
        await condition(service, sick, 'up');
      });
    }

    test('of a role over TCP sends connections to the replica that has it', async (t) => {
      const roles = new Map([
        ['db-1', 'master'],
        ['db-2', 'slave'],
      ]);
      const dbs: TestReplica[] = [];
      for (const name of roles.keys()) {
        const db = await rawReplica(name, (socket) => {
          socket.on('data', (bytes) => {
            const isQuestion = bytes.toString().includes('INFO replication');
            socket.write(isQuestion ? `$20\r\nrole:${roles.get(name)}\r\n` : name);
          });
          socket.on('end', () => socket.end());
        });
        t.after(() => db.kill());
        dbs.push(db);
      }
      const activeHealth = {
        ...quick,
        send: 'INFO replication\r\n',
        expected: { kind: 'contains', text: 'role:master' },
      } as const;
      const service = await BalancedService.open(driver(), dbs, {
        protocol: 'tcp',
        policy: { activeHealth },
      });
      const [one, two] = dbs;
      assert.ok(one && two);
      await condition(service, two, 'down');
      await condition(service, one, 'up');
      roles.set('db-1', 'slave').set('db-2', 'master');
      await condition(service, one, 'down');
      await condition(service, two, 'up');
    });
  });

  test(
    'responses of 5xx in a row take a replica out',
    { skip: lacks['consecutive-5xx'] ?? false },
    async (t) => {
      let isWell = false;
      const sick = await httpReplica('sick', (_, outgoing) => {
        if (!isWell) outgoing.statusCode = 500;
        outgoing.end('sick');
      });
      t.after(() => sick.kill());
      const service = await BalancedService.open(driver(), [sick, await good(t, 'well')], {
        policy: { max5xx: 3, failTimeoutMs: 300 },
      });
      for (let count = 0; count < 40; count++) await ask(service.port);
      assert.match(await condition(service, sick, 'ejected'), /3 responses of 5xx/);
      assert.ok(((await service.observe(sick)).responses?.[4] ?? 0) < 20);
      isWell = true;
      await eventually(async () => {
        await ask(service.port);
        assert.equal((await service.observe(sick)).condition, 'up');
      });
    },
  );

  test(
    'the last one is never taken out for its 5xx',
    { skip: lacks['consecutive-5xx'] ?? false },
    async (t) => {
      const sick = await httpReplica('sick', (_, outgoing) => {
        outgoing.statusCode = 500;
        outgoing.end();
      });
      t.after(() => sick.kill());
      const service = await BalancedService.open(driver(), [sick], { policy: { max5xx: 1 } });
      for (let count = 0; count < 5; count++) assert.equal((await ask(service.port)).status, 500);
      assert.equal((await service.observe(sick)).condition, 'up');
    },
  );

  test(
    'a replica much slower than the others is taken out',
    { skip: lacks['latency-outlier'] ?? false },
    async (t) => {
      const slow = await httpReplica('slow', (_, outgoing) => {
        setTimeout(() => outgoing.end('slow'), 60);
      });
      t.after(() => slow.kill());
      const service = await BalancedService.open(driver(), [slow, await good(t, 'b'), await good(t, 'c')], {
        policy: {
          algorithm: 'round_robin',
          latencyOutlier: { factor: 3, minRequests: 3, windowMs: 300 },
          failTimeoutMs: 60_000,
        },
      });
      await eventually(async () => {
        await Promise.all(Array.from({ length: 30 }, () => ask(service.port)));
        assert.equal((await service.observe(slow)).condition, 'ejected');
      });
      assert.match((await service.observe(slow)).reason ?? '', /\d+ ms to answer/);
      for (let count = 0; count < 12; count++) assert.notEqual((await ask(service.port)).body, 'slow');
    },
  );

  test('below the panic threshold all are asked', { skip: lacks['panic-threshold'] ?? false }, async (t) => {
    const all = [await good(t, 'a'), await good(t, 'b'), await good(t, 'c'), await good(t, 'd')];
    const service = await BalancedService.open(driver(), all, {
      policy: { panicShare: 0.5, algorithm: 'round_robin' },
    });
    const bodies = async (): Promise<number> => {
      const answers = await Promise.all(Array.from({ length: 40 }, () => ask(service.port)));
      return new Set(answers.map(({ body }) => body)).size;
    };
    const [a, b, c] = all;
    assert.ok(a && b && c);
    await service.set(a, { isHealthy: false });
    await service.set(b, { isHealthy: false });
    assert.equal(await bodies(), 2);
    await service.set(c, { isHealthy: false });
    assert.equal(await bodies(), 4);
  });

  test(
    'a circuit opens when too many fail, and closes by probes',
    { skip: lacks['circuit-breaker'] ?? false },
    async (t) => {
      let isWell = false;
      let served = 0;
      const replica = await httpReplica('web-1', (_, outgoing) => {
        served++;
        outgoing.statusCode = isWell ? 200 : 500;
        outgoing.end();
      });
      t.after(() => replica.kill());
      const circuitBreaker = { errorShare: 0.5, minRequests: 5, windowMs: 10_000, openMs: 400, probes: 2 };
      const service = await BalancedService.open(driver(), [replica], { policy: { circuitBreaker } });
      await eventually(async () => assert.equal((await ask(service.port)).status, 503), 5_000, 1);
      // The other workers are told a moment later.
      await eventually(async () => {
        const before = served;
        const answers = await Promise.all(Array.from({ length: 10 }, () => ask(service.port)));
        assert.ok(answers.every(({ status }) => status === 503));
        assert.equal(served, before, 'no request reaches the replica');
      });
      assert.ok(((await service.observeListener()).failures['circuit-open'] ?? 0) >= 10);
      isWell = true;
      await eventually(async () => {
        const answers = await Promise.all(Array.from({ length: 10 }, () => ask(service.port)));
        assert.ok(answers.every(({ status }) => status === 200));
      });
    },
  );

  test(
    'an open circuit says when it lets the next request through',
    { skip: lacks['circuit-breaker'] ?? false },
    async (t) => {
      const replica = await httpReplica('web-1', (_, outgoing) => {
        outgoing.statusCode = 500;
        outgoing.end();
      });
      t.after(() => replica.kill());
      const circuitBreaker = {
        errorShare: 0.5,
        minRequests: 3,
        windowMs: 60_000,
        openMs: 3_600_000,
        probes: 1,
      };
      const service = await BalancedService.open(driver(), [replica], { policy: { circuitBreaker } });
      const refused = await eventually(
        async () => {
          const answer = await ask(service.port);
          assert.equal(answer.status, 503);
          return answer;
        },
        5_000,
        1,
      );
      const seconds = Number(refused.headers['retry-after']);
      assert.ok(seconds > 3_000 && seconds <= 3_600, `${seconds} s`);
    },
  );
}
