import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { createAmbassadorDriver } from '../../../src/balancer/ambassador/ambassador-driver.ts';
import type {
  BalancerDriver,
  ListenerEntry,
  PoolEntry,
  RoutingTable,
} from '../../../src/balancer/balancer-driver.ts';
import { isTenfoldError } from '../../../src/shared/errors.ts';
import { eventually } from '../../helpers/eventually.ts';
import { freePort } from '../../helpers/free-port.ts';
import { endpointEntry, poolEntry } from '../routing-samples.ts';
import { ProcessAmbassadors } from './process-ambassadors.ts';

const { signal } = new AbortController();

/** A service with one replica that answers with its name, and the port of its ambassador. */
interface Called {
  readonly listener: ListenerEntry;
  pool(rotation?: 'active' | 'draining'): PoolEntry;
  readonly port: number;
}

async function withStack(
  work: (parts: {
    hosts: ProcessAmbassadors;
    driver: BalancerDriver;
    service: (name: string) => Promise<Called>;
    answer: (called: Called) => Promise<string>;
  }) => Promise<void>,
): Promise<void> {
  const servers: Server[] = [];
  await using hosts = await ProcessAmbassadors.open();
  await using driver = createAmbassadorDriver(hosts);
  const service = async (name: string): Promise<Called> => {
    const server = createServer((_request, response) => response.end(name)).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
    const { port: replicaPort } = server.address() as AddressInfo;
    const port = await freePort();
    return {
      port,
      listener: {
        id: `demo/${name}:network->${port}`,
        hostIp: '127.0.0.1',
        port,
        protocol: 'http',
        pool: `demo/${name}`,
        carrier: 'ambassador',
        networks: [{ network: 'demo_default', aliases: [name] }],
      },
      pool: (rotation = 'active') =>
        poolEntry([endpointEntry(`${name}-1`, { port: replicaPort, rotation })], {
          id: `demo/${name}`,
          service: name,
        }),
    };
  };
  const answer = async ({ port }: Called): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
    return response.text();
  };
  try {
    await work({ hosts, driver, service, answer });
  } finally {
    for (const server of servers) server.close();
  }
}

function tableOf(...services: readonly Called[]): RoutingTable {
  return { listeners: services.map(({ listener }) => listener), pools: services.map((each) => each.pool()) };
}

describe('the ambassador driver', () => {
  test('runs one for each service, which others find only once it carries their requests', () =>
    withStack(async ({ hosts, driver, service, answer }) => {
      const [app, db] = [await service('app'), await service('db')];
      const announced: string[] = [];
      hosts.onAnnounce = async (name) => void announced.push(await answer(name === 'app' ? app : db));
      await driver.apply(tableOf(app, db), signal);
      assert.deepEqual(announced.sort(), ['app', 'db']);
      assert.deepEqual(hosts.calls.toSorted(), ['announce app', 'announce db', 'start app', 'start db']);
      const { endpoints, listeners } = await driver.observe(signal);
      assert.deepEqual(endpoints.map(({ id, state, totals }) => `${id} ${state} ${totals.requests}`).sort(), [
        'app-1 active 1',
        'db-1 active 1',
      ]);
      assert.ok(listeners.every(({ isOpen, requests }) => isOpen && requests === 1));
    }));

  test('removes the one that is no longer asked for, and does not bring it back', () =>
    withStack(async ({ hosts, driver, service, answer }) => {
      const [app, db] = [await service('app'), await service('db')];
      await driver.apply(tableOf(app, db), signal);
      const pid = hosts.pid('app');
      await driver.apply(tableOf(app), signal);
      await assert.rejects(answer(db));
      assert.equal(await answer(app), 'app');
      assert.equal(hosts.pid('app'), pid);
      assert.equal(hosts.calls.filter((call) => call === 'start db').length, 1);
      assert.deepEqual((await driver.table(signal))?.listeners, [app.listener]);
    }));

  test('brings back one that was killed, with its table and its counters', () =>
    withStack(async ({ hosts, driver, service, answer }) => {
      const app = await service('app');
      await driver.apply(tableOf(app), signal);
      let changes = 0;
      driver.watch(() => (changes += 1), signal);
      await answer(app);
      await driver.observe(signal);
      await hosts.kill('app');
      await eventually(async () => assert.equal(await answer(app), 'app'));
      await eventually(async () => {
        const [listener] = (await driver.observe(signal)).listeners;
        assert.equal(listener?.isOpen, true);
        assert.equal(listener.requests, 2);
      });
      assert.ok(changes >= 2, 'its loss and its return are told');
    }));

  test('takes a lost one to have acknowledged, because it carries nothing, and shows nothing in flight there', () =>
    withStack(async ({ hosts, driver, service, answer }) => {
      const app = await service('app');
      await driver.apply(tableOf(app), signal);
      hosts.refused.add('app');
      await hosts.kill('app');
      const draining = { listeners: [app.listener], pools: [app.pool('draining')] };
      await driver.apply(draining, signal);
      const { endpoints, listeners } = await driver.observe(signal);
      assert.deepEqual(
        endpoints.map(({ state, inFlight }) => [state, inFlight]),
        [['drained', 0]],
      );
      assert.equal(listeners[0]?.isOpen, false);
      await driver.apply(tableOf(app), signal);
      hosts.refused.clear();
      await eventually(async () => assert.equal(await answer(app), 'app'));
    }));

  test('changes nothing when a new one cannot be started', () =>
    withStack(async ({ hosts, driver, service, answer }) => {
      const [app, db, cache] = [await service('app'), await service('db'), await service('cache')];
      await driver.apply(tableOf(app), signal);
      hosts.refused.add('cache');
      await assert.rejects(driver.apply(tableOf(app, db, cache), signal), (thrown) =>
        isTenfoldError(thrown, 'runtime-failed'),
      );
      await assert.rejects(answer(db));
      assert.equal(await answer(app), 'app');
      assert.deepEqual((await driver.table(signal))?.listeners, [app.listener]);
      hosts.refused.clear();
      await driver.apply(tableOf(app, db, cache), signal);
      assert.equal(await answer(cache), 'cache');
    }));

  test('finds those that a driver before it started, and starts none anew', () =>
    withStack(async ({ hosts, driver, service, answer }) => {
      const app = await service('app');
      await driver.apply(tableOf(app), signal);
      await driver[Symbol.asyncDispose]();
      await using next = createAmbassadorDriver(hosts);
      assert.deepEqual(await next.table(signal), JSON.parse(JSON.stringify(tableOf(app))));
      await next.apply(tableOf(app), signal);
      assert.equal(await answer(app), 'app');
      assert.deepEqual(hosts.calls, ['start app', 'announce app']);
    }));

  test('is not held up by one that is silent, and does not take it for drained', () =>
    withStack(async ({ hosts, driver, service, answer }) => {
      const [app, db] = [await service('app'), await service('db')];
      await driver.apply(tableOf(app, db), signal);
      await answer(app);
      await driver.observe(signal);
      const pid = hosts.pid('app');
      assert.ok(pid !== undefined);
      process.kill(pid, 'SIGSTOP');
      try {
        const draining = { listeners: [app.listener, db.listener], pools: [app.pool(), db.pool('draining')] };
        await driver.apply(draining, signal);
        const { endpoints } = await driver.observe(signal);
        assert.deepEqual(endpoints.map(({ id, state }) => `${id} ${state}`).sort(), [
          'app-1 active',
          'db-1 drained',
        ]);
        const refused = { listeners: [app.listener, db.listener], pools: [app.pool('draining'), db.pool()] };
        await assert.rejects(driver.apply(refused, signal), (thrown) =>
          isTenfoldError(thrown, 'balancer-unreachable'),
        );
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      await eventually(async () => {
        await driver.apply({ listeners: [app.listener], pools: [app.pool('draining')] }, signal);
        assert.equal((await driver.observe(signal)).endpoints[0]?.state, 'drained');
      });
    }));
});
