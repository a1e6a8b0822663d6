import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { BalancerDriver, TrafficSplit } from '../../../src/balancer/balancer-driver.ts';
import { ask, type AskOptions } from './clients.ts';
import { BalancedService, type Lacks } from './harness.ts';
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
      await driver().apply({ ...table, pools }, new AbortController().signal);
      assert.equal(await share(10), 0);
    });
  });
}
