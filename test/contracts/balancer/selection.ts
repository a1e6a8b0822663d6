import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { BalancerDriver } from '../../../src/balancer/balancer-driver.ts';
import type { BalancingPolicy } from '../../../src/model/balancing.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type Answer, ask, type AskOptions } from './clients.ts';
import { BalancedService, type Lacks } from './harness.ts';
import { httpReplica, type TestReplica } from './replicas.ts';

/** Which replica a request goes to, over all workers. Each request comes on a connection of its own. */
export function testSelection(driver: () => BalancerDriver, lacks: Lacks): void {
  const replicas = async (t: TestContext, count: number): Promise<TestReplica[]> => {
    const all: TestReplica[] = [];
    for (let index = 1; index <= count; index++) {
      const name = `web-${index}`;
      const replica = await httpReplica(name, (_, outgoing) => outgoing.end(name));
      t.after(() => replica.kill());
      all.push(replica);
    }
    return all;
  };
  const open = async (
    t: TestContext,
    count: number,
    policy: Partial<BalancingPolicy>,
  ): Promise<{ service: BalancedService; all: TestReplica[] }> => {
    const all = await replicas(t, count);
    return { service: await BalancedService.open(driver(), all, { policy }), all };
  };
  const tally = async (
    service: BalancedService,
    times: number,
    options: (turn: number) => AskOptions = () => ({}),
  ): Promise<Record<string, number>> => {
    const counts: Record<string, number> = {};
    for (let turn = 0; turn < times; turn++) {
      const { body, status } = await ask(service.port, options(turn));
      assert.equal(status, 200);
      counts[body] = (counts[body] ?? 0) + 1;
    }
    return counts;
  };

  describe('selection', () => {
    for (const algorithm of ['round_robin', 'least_conn', 'random_two'] as const) {
      test(`${algorithm} spreads requests evenly`, async (t) => {
        const { service } = await open(t, 3, { algorithm });
        const counts = Object.values(await tally(service, 300));
        t.diagnostic(`300 requests: ${counts.join(', ')}`);
        // Each worker turns by itself; chance alone spreads by some 8.
        assert.ok(Math.min(...counts) >= 70 && Math.max(...counts) <= 130, counts.join());
      });
    }

    test('weights divide the requests', async (t) => {
      const all = await replicas(t, 2);
      const service = await BalancedService.open(driver(), all, { policy: { algorithm: 'round_robin' } });
      const [heavy] = all;
      assert.ok(heavy);
      await service.set(heavy, { weight: 3 });
      const counts = await tally(service, 200);
      const share = (counts['web-1'] ?? 0) / 200;
      assert.ok(Math.abs(share - 0.75) <= 0.05, `${share}`);
    });

    test('ip_hash sends one client to one replica', async (t) => {
      const { service } = await open(t, 5, { algorithm: 'ip_hash' });
      assert.deepEqual(Object.values(await tally(service, 30)), [30]);
    });

    test('hash sends one key to one replica, and keys to all', async (t) => {
      const { service, all } = await open(t, 4, {
        algorithm: 'hash',
        hashKey: { from: 'header', name: 'X-User' },
      });
      const owners: string[] = [];
      for (let user = 0; user < 40; user++) {
        const counts = await tally(service, 3, () => ({ headers: { 'x-user': `user ${user}` } }));
        assert.equal(Object.keys(counts).length, 1, JSON.stringify(counts));
        owners.push(...Object.keys(counts));
      }
      assert.equal(new Set(owners).size, 4);
      const staying = all.slice(0, 3);
      await service.setReplicas(staying);
      for (let user = 0; user < 40; user++) {
        const { body } = await ask(service.port, { headers: { 'X-User': `user ${user}` } });
        if (owners[user] !== 'web-4') assert.equal(body, owners[user], `user ${user} was moved needlessly`);
      }
    });

    test('hash on a cookie or a path finds what it is asked for', async (t) => {
      const { service } = await open(t, 4, {
        algorithm: 'hash',
        hashKey: { from: 'cookie', name: 'sid' },
      });
      for (let session = 0; session < 10; session++) {
        const counts = await tally(service, 4, (turn) => ({
          headers: { cookie: `a=${turn}; sid=s${session}; b=${turn}` },
        }));
        assert.equal(Object.keys(counts).length, 1);
      }
      const byPath = await open(t, 4, { algorithm: 'hash', hashKey: { from: 'path' } });
      for (let page = 0; page < 10; page++) {
        const counts = await tally(byPath.service, 4, (turn) => ({ path: `/page/${page}?turn=${turn}` }));
        assert.equal(Object.keys(counts).length, 1);
      }
    });

    test(
      'least_time prefers the replica that answers faster',
      { skip: lacks.least_time ?? false },
      async (t) => {
        const fast = await httpReplica('fast', (_, outgoing) => outgoing.end('fast'));
        const slow = await httpReplica('slow', (_, outgoing) => {
          setTimeout(() => outgoing.end('slow'), 40);
        });
        t.after(() => [fast, slow].forEach((replica) => replica.kill()));
        const service = await BalancedService.open(driver(), [fast, slow], {
          policy: { algorithm: 'least_time' },
        });
        const counts = await tally(service, 60);
        assert.ok((counts['slow'] ?? 0) <= 10, JSON.stringify(counts));
      },
    );

    test('a backup is asked only while no other can be', async (t) => {
      const { service, all } = await open(t, 3, {});
      const [one, two, spare] = all;
      assert.ok(one && two && spare);
      await service.set(spare, { isBackup: true });
      assert.equal((await tally(service, 20))['web-3'], undefined);
      await service.set(one, { isHealthy: false });
      await service.set(two, { isHealthy: false });
      assert.deepEqual(await tally(service, 10), { 'web-3': 10 });
      await service.set(one, { isHealthy: true });
      assert.deepEqual(await tally(service, 10), { 'web-1': 10 });
    });
  });

  describe('a sticky cookie', () => {
    const sticky = { cookie: 'route', sameSite: 'Lax' } as const;
    const cookieOf = (answer: Answer): string =>
      answer.headers['set-cookie']?.find((line) => line.startsWith('route=')) ?? '';
    const pairOf = (line: string): string => line.split(';')[0] ?? '';

    test('leads a client back to its replica, and is given only once', async (t) => {
      const { service } = await open(t, 4, { sticky });
      const first = await ask(service.port);
      const line = cookieOf(first);
      assert.match(line, /; *HttpOnly/i);
      assert.match(line, /; *SameSite=Lax/i);
      assert.equal(/; *Secure/i.test(line), lacks['plain-listeners'] !== undefined);
      for (let count = 0; count < 12; count++) {
        const answer = await ask(service.port, { headers: { cookie: `x=1; ${pairOf(line)}` } });
        assert.equal(answer.body, first.body);
        assert.equal(cookieOf(answer), '');
      }
      const others = await tally(service, 40);
      assert.equal(Object.keys(others).length, 4, 'clients without one are spread');
    });

    test('that nobody gave is no pin', async (t) => {
      const { service } = await open(t, 4, { sticky });
      for (const value of ['', 'web-1', 'AAAAAAAAAAAAAAAAAAAAAA', '127.0.0.1:80', '"x', '%00']) {
        const counts = await tally(service, 12, () => ({ headers: { cookie: `route=${value}` } }));
        assert.ok(Object.keys(counts).length > 1, `${value}: ${JSON.stringify(counts)}`);
        assert.notEqual(cookieOf(await ask(service.port, { headers: { cookie: `route=${value}` } })), '');
      }
    });

    test('never leads to a replica that drains, is out or has left: the client gets another, for good', async (t) => {
      for (const leave of ['draining', 'unhealthy', 'gone'] as const) {
        const { service, all } = await open(t, 3, { sticky });
        const first = await ask(service.port);
        const pinned = all.find(({ entry }) => entry.instance === first.body);
        assert.ok(pinned);
        if (leave === 'draining') await service.set(pinned, { rotation: 'draining' });
        else if (leave === 'unhealthy') await service.set(pinned, { isHealthy: false });
        else await service.setReplicas(all.filter((replica) => replica !== pinned));
        const second = await ask(service.port, { headers: { cookie: pairOf(cookieOf(first)) } });
        assert.notEqual(second.body, first.body, leave);
        const fresh = cookieOf(second);
        assert.notEqual(fresh, '', leave);
        for (let count = 0; count < 6; count++) {
          const { body } = await ask(service.port, { headers: { cookie: pairOf(fresh) } });
          assert.equal(body, second.body, leave);
        }
      }
    });

    test('leads to no replica when all of them drain', async (t) => {
      const { service, all } = await open(t, 2, { sticky });
      const first = await ask(service.port);
      for (const replica of all) await service.set(replica, { rotation: 'draining' });
      const { status } = await ask(service.port, { headers: { cookie: pairOf(cookieOf(first)) } });
      assert.equal(status, 503);
    });

    test('falls over when its replica dies, with no request failed', async (t) => {
      const { service, all } = await open(t, 3, { sticky, maxFails: 1 });
      const first = await ask(service.port);
      all.find(({ entry }) => entry.instance === first.body)?.kill();
      const { status, body } = await eventually(() =>
        ask(service.port, { headers: { cookie: pairOf(cookieOf(first)) } }),
      );
      assert.equal(status, 200);
      assert.notEqual(body, first.body);
    });
  });
}
