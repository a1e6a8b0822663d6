import assert from 'node:assert/strict';
import { once } from 'node:events';
import { access, chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { createHaproxyDriver, type HaproxyDriver } from '../../../src/balancer/haproxy/haproxy-driver.ts';
import { isAlive } from '../../../src/balancer/haproxy/process/instance.ts';
import { isTenfoldError } from '../../../src/shared/errors.ts';
import { ask } from '../../contracts/balancer/clients.ts';
import { BalancedService, never } from '../../contracts/balancer/harness.ts';
import { httpReplica, type TestReplica } from '../../contracts/balancer/replicas.ts';
import { eventually } from '../../helpers/eventually.ts';
import { skipWithout } from '../../helpers/parts.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

describe('managed HAProxys', { skip: await skipWithout('haproxy'), timeout: 300_000 }, () => {
  /** Makes drivers on one folder, and takes away all that they began. */
  const driversOf = async (t: TestContext): Promise<{ folder: string; open: () => HaproxyDriver }> => {
    const place = await temporaryFolder();
    const folder = join(place.path, 'haproxy');
    const opened: HaproxyDriver[] = [];
    const open = (): HaproxyDriver => {
      const driver = createHaproxyDriver({ folder });
      opened.push(driver);
      return driver;
    };
    t.after(async () => {
      for (const driver of opened) await driver[Symbol.asyncDispose]();
      const last = createHaproxyDriver({ folder });
      await last.shutdown(0, never);
      await last[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    });
    return { folder, open };
  };
  const driverOf = async (t: TestContext): Promise<HaproxyDriver> => {
    const { open } = await driversOf(t);
    return open();
  };
  const good = async (t: TestContext, name = 'web-1'): Promise<TestReplica> => {
    const replica = await httpReplica(name, (_, outgoing) => outgoing.end(name));
    t.after(() => replica.kill());
    return replica;
  };

  test('replicas come and go without another process', async (t) => {
    const driver = await driverOf(t);
    const replicas = await Promise.all([1, 2, 3, 4, 5].map((index) => good(t, `web-${index}`)));
    const service = await BalancedService.open(driver, replicas.slice(0, 3));
    const { pids } = driver;
    assert.equal(pids.length, 1);
    await service.setReplicas(replicas);
    const seen = new Set<string>();
    for (let count = 0; count < 20; count++) seen.add((await ask(service.port)).body);
    assert.equal(seen.size, 5);
    await service.setReplicas(replicas.slice(4));
    assert.equal((await ask(service.port)).body, 'web-5');
    assert.deepEqual(driver.pids, pids);
  });

  test('another policy takes another process, and no connection is lost', async (t) => {
    const server = new WebSocketServer({ noServer: true });
    const replica = await good(t);
    replica.server.on('upgrade', (incoming, socket, early) => {
      server.handleUpgrade(incoming, socket, early, (accepted) =>
        accepted.on('message', (data: Buffer) => accepted.send(data)),
      );
    });
    const driver = await driverOf(t);
    const service = await BalancedService.open(driver, [replica]);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const client = new WebSocket(`ws://127.0.0.1:${service.port}/`);
    await once(client, 'open');
    for (const responseTimeoutMs of [20_000, 21_000, 22_000]) {
      assert.equal((await ask(service.port, { agent })).status, 200);
      const before = driver.pids;
      await service.setPolicy({ responseTimeoutMs });
      assert.notDeepEqual(driver.pids, before);
      // The idle connection of the agent is with the process before, and still good for a request.
      assert.equal((await ask(service.port, { agent, method: 'POST', body: 'x' })).status, 200);
      client.send('still here');
      assert.equal(String((await once(client, 'message'))[0]), 'still here');
    }
    client.close();
    await eventually(() => assert.equal(driver.pids.length, 1));
    const { requests, failed } = await service.observeListener();
    assert.deepEqual([requests, failed], [7, 0]);
  });

  test('they outlive the driver; the next one takes them over with all that was counted', async (t) => {
    const { open } = await driversOf(t);
    const replica = await good(t);
    const first = open();
    const service = await BalancedService.open(first, [replica]);
    await ask(service.port);
    const before = await service.observe(replica);
    const { pids } = first;
    await first[Symbol.asyncDispose]();
    assert.equal((await ask(service.port)).status, 200);
    const second = open();
    assert.deepEqual(
      (await second.table(never))?.listeners.map(({ id }) => id),
      [service.listener.id],
    );
    assert.deepEqual(second.pids, pids);
    const [observed] = (await second.observe(never)).endpoints;
    assert.equal(observed?.totals.completed, before.totals.completed + 1);
    assert.equal(observed?.latency.count, 2);
  });

  test('one that is killed is started again with the same table, and counts on', async (t) => {
    const driver = await driverOf(t);
    const replica = await good(t);
    const service = await BalancedService.open(driver, [replica]);
    await ask(service.port);
    await service.observe(replica);
    let told = 0;
    driver.watch(() => told++, never);
    const [pid] = driver.pids;
    assert.ok(pid !== undefined);
    process.kill(pid, 'SIGKILL');
    await eventually(async () => assert.equal((await ask(service.port)).status, 200));
    assert.ok(told > 0);
    assert.notDeepEqual(driver.pids, [pid]);
    assert.equal((await service.observe(replica)).totals.completed, 2);
  });

  test('one whose socket was taken away is replaced by one that can be told', async (t) => {
    const { folder, open } = await driversOf(t);
    const driver = open();
    const replica = await good(t);
    const service = await BalancedService.open(driver, [replica]);
    const { pids } = driver;
    for (const name of await readdir(join(folder, 'run'))) await rm(join(folder, 'run', name));
    await driver.observe(never);
    await eventually(async () => {
      assert.notDeepEqual(driver.pids, pids);
      assert.equal((await ask(service.port)).status, 200);
    });
    assert.ok(pids.every((pid) => !isAlive(pid)));
  });

  test('one that a killed driver could not write down is found by the next, and gives its port back', async (t) => {
    const { folder, open } = await driversOf(t);
    const replica = await good(t);
    const first = open();
    const service = await BalancedService.open(first, [replica]);
    const state = join(folder, 'state.json');
    const written = await readFile(state);
    await service.setPolicy({ responseTimeoutMs: 12_345 });
    const { pids } = first;
    await first[Symbol.asyncDispose]();
    // As if the driver had been killed before it wrote what it had just begun.
    await writeFile(state, written);
    const second = open();
    await second.connect(never);
    assert.equal((await ask(service.port)).body, 'web-1');
    await second.shutdown(1_000, never);
    for (const pid of [...pids, ...second.pids]) assert.equal(isAlive(pid), false);
    await assert.rejects(ask(service.port));
  });

  test('nothing is left of them when they are told to end', async (t) => {
    const { folder, open } = await driversOf(t);
    const driver = open();
    await BalancedService.open(driver, [await good(t)]);
    const { pids } = driver;
    const { mode } = await stat(join(folder, 'demo_web', 'haproxy.cfg'));
    assert.equal(mode & 0o777, 0o600);
    await driver.shutdown(1_000, never);
    assert.ok(pids.every((pid) => !isAlive(pid)));
    await assert.rejects(access(folder));
  });

  test('a service that leaves the table takes its process with it, and no other', async (t) => {
    const driver = await driverOf(t);
    const service = await BalancedService.open(driver, [await good(t)]);
    const other = { ...service.listener, id: 'demo/api', pool: 'demo/api:80' };
    await driver.apply({ listeners: [], pools: [] }, never);
    await eventually(() => assert.deepEqual(driver.pids, []));
    // Its port is free for another service at once.
    const [pool] = service.table.pools;
    assert.ok(pool !== undefined);
    await driver.apply(
      { listeners: [other], pools: [{ ...pool, id: 'demo/api:80', service: 'api' }] },
      never,
    );
    assert.equal((await ask(service.port)).body, 'web-1');
  });

  test('a state file that is torn is refused and left as it is', async (t) => {
    const folder = await temporaryFolder();
    t.after(() => folder[Symbol.asyncDispose]());
    await writeFile(join(folder.path, 'state.json'), '{"format":"ten');
    const driver = createHaproxyDriver({ folder: folder.path });
    await assert.rejects(driver.connect(never), (error) => isTenfoldError(error, 'state-unreadable'));
    await driver[Symbol.asyncDispose]();
  });

  test('a program that is missing, or too old, is named with what to install', async (t) => {
    const folder = await temporaryFolder();
    t.after(() => folder[Symbol.asyncDispose]());
    const old = join(folder.path, 'haproxy');
    await writeFile(old, '#!/bin/sh\necho "HAProxy version 2.4.22 2023/02/14"\n');
    await chmod(old, 0o755);
    for (const [binary, got] of [
      [join(folder.path, 'none'), undefined],
      [old, '2.4.22'],
    ] as const) {
      const driver = createHaproxyDriver({ folder: join(folder.path, 'state'), binary });
      await assert.rejects(BalancedService.open(driver, []), (error) => {
        assert.ok(isTenfoldError(error, 'command-not-found'));
        assert.equal(error.got, got);
        assert.match(error.hint ?? '', /apt install haproxy/);
        return true;
      });
      await driver[Symbol.asyncDispose]();
    }
  });
});
