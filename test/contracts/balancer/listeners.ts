import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { describe, test, type TestContext } from 'node:test';
import type { BalancerDriver, RoutingTable } from '../../../src/balancer/balancer-driver.ts';
import { isTenfoldError } from '../../../src/shared/errors.ts';
import { eventually } from '../../helpers/eventually.ts';
import { freePort, isFree } from '../../helpers/free-port.ts';
import { ask } from './clients.ts';
import { BalancedService, type Lacks, never, occupy } from './harness.ts';
import { httpReplica, type TestReplica } from './replicas.ts';

/** As a table comes back that has crossed a socket as JSON: keys whose value is undefined are not there. */
function overTheWire(table: RoutingTable): unknown {
  return JSON.parse(JSON.stringify(table));
}

/** Which ports are held, and when. */
export function testListeners(driver: () => BalancerDriver, lacks: Lacks): void {
  const good = async (t: TestContext, name = 'web-1'): Promise<TestReplica> => {
    const replica = await httpReplica(name, (_, outgoing) => outgoing.end(name));
    t.after(() => replica.kill());
    return replica;
  };
  const join = (...services: readonly BalancedService[]): RoutingTable => ({
    listeners: services.flatMap(({ table }) => table.listeners),
    pools: services.flatMap(({ table }) => table.pools),
  });

  describe('listeners', { skip: lacks['plain-listeners'] ?? false }, () => {
    test('a port that is taken is named with its holder, and nothing at all has changed', async (t) => {
      const before = await BalancedService.open(driver(), [await good(t)]);
      const holder = await occupy();
      t.after(() => holder.release());
      const free = await freePort();
      const { listeners, pools } = before.table;
      const [listener] = listeners;
      assert.ok(listener !== undefined);
      const table: RoutingTable = {
        listeners: [
          { ...listener, id: 'free', port: free },
          { ...listener, id: 'taken', port: holder.port },
        ],
        pools: pools.map((pool) => ({ ...pool, endpoints: [] })),
      };
      await assert.rejects(driver().apply(table, never), (error) => {
        assert.ok(isTenfoldError(error, 'port-taken'));
        assert.match(error.message, new RegExp(`port ${holder.port} on 127\\.0\\.0\\.1`));
        if (process.platform === 'linux')
          assert.match(error.message, new RegExp(`pid ${process.pid} \\(.*node`));
        return true;
      });
      assert.equal((await ask(before.port)).body, 'web-1');
      await assert.rejects(ask(free));
      assert.deepEqual(await driver().table(never), overTheWire(before.table));
      await holder.release();
      await driver().apply({ ...table, pools }, never);
      assert.equal((await ask(holder.port)).body, 'web-1');
    });

    test('two listeners on one address are refused', async (t) => {
      const service = await BalancedService.open(driver(), [await good(t)]);
      const { listeners, pools } = service.table;
      const twice = listeners.flatMap((listener) => [listener, { ...listener, id: 'again' }]);
      await assert.rejects(driver().apply({ listeners: twice, pools }, never), (error) =>
        isTenfoldError(error, 'port-taken'),
      );
      assert.equal((await ask(service.port)).status, 200);
    });

    test('all addresses means IPv4 and, where there is one, IPv6', async (t) => {
      const service = await BalancedService.open(driver(), [await good(t)]);
      const port = await freePort();
      const listeners = service.table.listeners.map((listener) => ({ ...listener, hostIp: '', port }));
      await driver().apply({ ...service.table, listeners }, never);
      assert.equal((await ask(port)).body, 'web-1');
    });

    test('a listener that leaves the table closes, and its port is free', async (t) => {
      const [one, two] = [
        await BalancedService.open(driver(), [await good(t)]),
        await BalancedService.open(driver(), [await good(t)]),
      ];
      await driver().apply(join(one, two), never);
      assert.equal((await ask(one.port)).status, 200);
      const idle = connect(one.port, '127.0.0.1');
      idle.resume();
      const closed = once(idle, 'close');
      await once(idle, 'connect');
      await driver().apply(two.table, never);
      await closed;
      await assert.rejects(ask(one.port));
      assert.equal((await ask(two.port)).status, 200);
      await eventually(async () => assert.ok(await isFree(one.port)));
    });

    test('a request under way when its listener closes is answered, and its connection then ended', async (t) => {
      const held: (() => void)[] = [];
      const replica = await httpReplica('web-1', (_, outgoing) => held.push(() => outgoing.end('late')));
      t.after(() => replica.kill());
      const service = await BalancedService.open(driver(), [replica]);
      const agent = new Agent({ keepAlive: true });
      t.after(() => agent.destroy());
      const running = ask(service.port, { agent });
      await eventually(() => assert.equal(held.length, 1));
      await driver().apply({ listeners: [], pools: service.table.pools }, never);
      held.forEach((release) => release());
      const answer = await running;
      assert.deepEqual([answer.body, answer.headers['connection']], ['late', 'close']);
    });

    test('applying the same table again changes nothing', async (t) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      t.after(() => agent.destroy());
      const service = await BalancedService.open(driver(), [await good(t)]);
      let reused = 0;
      for (let count = 0; count < 5; count++) {
        await ask(service.port, { agent });
        await service.apply();
        reused++;
      }
      const { requests } = await service.observeListener();
      assert.equal(requests, reused);
      assert.deepEqual(await driver().table(never), overTheWire(service.table));
    });

    test('a pool counts the requests of all its listeners, each of which counts its own', async (t) => {
      const service = await BalancedService.open(driver(), [await good(t)]);
      const { listeners, pools } = service.table;
      const port = await freePort();
      const second = listeners.map((listener) => ({ ...listener, id: `${listener.id}-second`, port }));
      await driver().apply({ listeners: [...listeners, ...second], pools }, never);
      for (const each of [service.port, port, port]) assert.equal((await ask(each)).status, 200);
      const observed = await driver().observe(never);
      assert.deepEqual(
        observed.listeners.map(({ requests }) => requests),
        [1, 2],
      );
      assert.deepEqual(
        observed.pools.map(({ id, requests, failed }) => [id, requests, failed]),
        [[service.listener.pool, 3, 0]],
      );
    });

    test('a listener can be given to another pool without closing', async (t) => {
      const [one, two] = [await good(t, 'one'), await good(t, 'two')];
      const service = await BalancedService.open(driver(), [one]);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      t.after(() => agent.destroy());
      assert.equal((await ask(service.port, { agent })).body, 'one');
      const { listeners, pools } = service.table;
      const other = pools.map((pool) => ({ ...pool, id: 'other', endpoints: [two.entry] }));
      const moved = listeners.map((listener) => ({ ...listener, pool: 'other' }));
      await driver().apply({ listeners: moved, pools: other }, never);
      assert.equal((await ask(service.port, { agent })).body, 'two');
    });
  });
}
