import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { BalancerDriver, TrafficSplit } from '../../../src/balancer/balancer-driver.ts';
import { eventually } from '../../helpers/eventually.ts';
import { ask, type AskOptions } from './clients.ts';
import { BalancedService, never, type Lacks } from './harness.ts';
import { httpReplica } from './replicas.ts';

/** One revision gets its own part of the requests. */
export function testCanaries(driver: () => BalancerDriver, lacks: Lacks): void {
  const open = async (
    t: TestContext,
    split: Partial<TrafficSplit>,
  ): Promise<{
    share: (times: number, options?: AskOptions) => Promise<number>;
    service: BalancedService;
  }> => {
    const old = await httpReplica('old', (_, outgoing) => outgoing.end('old'));
    const fresh = await httpReplica('new', (_, outgoing) => outgoing.end('new'));
    t.after(() => [old, fresh].forEach((replica) => replica.kill()));
    const canary = { ...fresh, entry: { ...fresh.entry, revision: 'r2' } };
    const service = await BalancedService.open(driver(), [old, canary], {
      split: { revision: 'r2', share: 0, ...split },
    });
    const share = async (times: number, options: AskOptions = {}): Promise<number> => {
      let count = 0;
      for (let turn = 0; turn < times; turn++) {
        if ((await ask(service.port, options)).body === 'new') count++;
      }
      return count / times;
    };
    return { share, service };
  };

  describe('a canary', { skip: lacks.split ?? false }, () => {
    for (const part of [0.1, 0.5]) {
      test(`with a share of ${part * 100} % gets that of the requests, not that of its endpoints`, async (t) => {
        const { share } = await open(t, { share: part });
        const measured = await share(200);
        assert.ok(Math.abs(measured - part) <= 0.04, `${measured}`);
      });
    }

    test('with no share gets only the requests that demand it, by header or cookie', async (t) => {
      const { share } = await open(t, {
        header: { name: 'X-Canary', value: 'yes' },
        cookie: { name: 'canary', value: 'on' },
      });
      assert.equal(await share(20), 0);
      assert.equal(await share(10, { headers: { 'x-canary': 'yes' } }), 1);
      assert.equal(await share(10, { headers: { cookie: 'a=b; canary=on' } }), 1);
      assert.equal(await share(10, { headers: { 'x-canary': 'no', cookie: 'canary=off' } }), 0);
    });

    test('with all of the requests leaves them to the others when it cannot be asked', async (t) => {
      const { share, service } = await open(t, { share: 1 });
      assert.equal(await share(10), 1);
      const table = service.table;
      const pools = table.pools.map((pool) => ({
        ...pool,
        endpoints: pool.endpoints.map((entry) => ({ ...entry, isHealthy: entry.revision !== 'r2' })),
      }));
      await driver().apply({ ...table, pools }, never);
      assert.equal(await share(10), 0);
    });

    for (const [what, rotation] of [
      ['has come to its end', 'active'],
      ['was given up', 'draining'],
    ] as const) {
      test(`that ${what} finishes what it is answering`, async (t) => {
        const asked = Promise.withResolvers<() => void>();
        const old = await httpReplica('old', (_, outgoing) => outgoing.end('old'));
        const fresh = await httpReplica('new', (incoming, outgoing) => {
          if (incoming.method === 'GET') outgoing.end('new');
          else asked.resolve(() => outgoing.end('new'));
        });
        t.after(() => [old, fresh].forEach((replica) => replica.kill()));
        const canary = { ...fresh, entry: { ...fresh.entry, revision: 'r2' } };
        const service = await BalancedService.open(driver(), [old, canary], {
          split: { revision: 'r2', share: 1 },
        });
        const asking = ask(service.port, { method: 'POST', body: 'once' });
        const answer = await asked.promise;
        const { table } = service;
        const pools = table.pools.map((pool) => {
          const { split: _split, ...whole } = pool;
          const endpoints = pool.endpoints.map((entry) =>
            entry.revision === 'r2' ? { ...entry, rotation } : entry,
          );
          return { ...whole, endpoints };
        });
        await driver().apply({ ...table, pools }, never);
        // Whatever is looked after now and then has been.
        await eventually(async () => {
          const { endpoints } = await driver().observe(never);
          const seen = endpoints.find(({ id }) => id === canary.entry.id);
          assert.deepEqual([seen?.state, seen?.inFlight], [rotation, 1]);
        });
        assert.equal((await ask(service.port)).status, 200);
        answer();
        assert.equal((await asking).body, 'new');
      });
    }

    test('with all of the requests has those of clients with a sticky cookie too, and keeps each where it came', async (t) => {
      const replicas = await Promise.all(
        ['old-1', 'old-2', 'new-1', 'new-2'].map((name) =>
          httpReplica(name, (_, outgoing) => outgoing.end(name)),
        ),
      );
      t.after(() => replicas.forEach((replica) => replica.kill()));
      const entries = replicas.map((replica, index) => ({
        ...replica,
        entry: { ...replica.entry, revision: index < 2 ? 'r1' : 'r2' },
      }));
      const service = await BalancedService.open(driver(), entries, {
        policy: { sticky: { cookie: 'route', sameSite: 'Lax' } },
        split: { revision: 'r2', share: 0 },
      });
      const visit = async (cookie?: string): Promise<{ body: string; cookie: string | undefined }> => {
        const answer = await ask(service.port, cookie === undefined ? {} : { headers: { cookie } });
        return { body: answer.body, cookie: answer.headers['set-cookie']?.[0]?.split(';')[0] };
      };
      const pinned = await visit();
      assert.match(pinned.body, /^old/);
      const { table } = service;
      const pools = table.pools.map((pool) => ({ ...pool, split: { revision: 'r2', share: 1 } }));
      await driver().apply({ ...table, pools }, never);
      const moved = await visit(pinned.cookie);
      assert.match(moved.body, /^new/);
      assert.notEqual(moved.cookie, undefined);
      for (let turn = 0; turn < 6; turn++)
        assert.deepEqual(await visit(moved.cookie), { body: moved.body, cookie: undefined });
    });
  });
}
