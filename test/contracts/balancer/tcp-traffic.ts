import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, test, type TestContext } from 'node:test';
import type { BalancerDriver } from '../../../src/balancer/balancer-driver.ts';
import { eventually } from '../../helpers/eventually.ts';
import { nextChunk } from './clients.ts';
import { BalancedService, deadReplica } from './harness.ts';
import { rawReplica, type TestReplica } from './replicas.ts';

/** Resolves however it closes. */
function whenClosed(socket: Socket): Promise<void> {
  socket.on('error', () => {});
  return new Promise((resolve) => socket.on('close', () => resolve()));
}

/** Connections whose bytes the balancer does not read. */
export function testTcpTraffic(driver: () => BalancerDriver): void {
  const echo = async (t: TestContext, name = 'db-1'): Promise<TestReplica> => {
    const replica = await rawReplica(name, (socket) => socket.pipe(socket));
    t.after(() => replica.kill());
    return replica;
  };
  const dial = async (port: number): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  };

  describe('TCP traffic', () => {
    test('goes both ways, and each side ends by itself', async (t) => {
      const replica = await echo(t);
      const service = await BalancedService.open(driver(), [replica], { protocol: 'tcp' });
      const socket = await dial(service.port);
      const sent = 'x'.repeat(300_000);
      socket.end(sent);
      assert.equal((await text(socket)).length, sent.length);
      await eventually(async () => {
        const { totals, inFlight } = await service.observe(replica);
        assert.deepEqual([totals.requests, totals.completed, totals.failed, inFlight], [1, 1, 0, 0]);
      });
    });

    test('a replica that speaks first is heard', async (t) => {
      const replica = await rawReplica('db-1', (socket) => socket.end('welcome'));
      t.after(() => replica.kill());
      const service = await BalancedService.open(driver(), [replica], { protocol: 'tcp' });
      const socket = await dial(service.port);
      assert.equal(await text(socket), 'welcome');
      socket.destroy();
    });

    test('a client that is slow gets all of what a replica said that has closed', async (t) => {
      const said = Buffer.alloc(20_000_000, 'abcdefghij');
      const replica = await rawReplica('db-1', (socket) => socket.resume().on('end', () => socket.end(said)));
      t.after(() => replica.kill());
      const service = await BalancedService.open(driver(), [replica], { protocol: 'tcp' });
      const socket = await dial(service.port);
      socket.end('all of it');
      let length = 0;
      for await (const piece of socket) {
        length += Buffer.byteLength(piece);
        // Each piece takes longer than the replica needs to write, end and close.
        await new Promise(setImmediate);
      }
      assert.equal(length, said.length);
      await eventually(async () => {
        const { totals } = await service.observe(replica);
        assert.deepEqual([totals.completed, totals.failed], [1, 0]);
      });
    });

    test('a replica that refuses is passed over', async (t) => {
      const dead = await deadReplica('db-dead');
      const service = await BalancedService.open(driver(), [dead, await echo(t)], {
        protocol: 'tcp',
        policy: { maxFails: 0 },
      });
      for (let count = 0; count < 10; count++) {
        const socket = await dial(service.port);
        socket.end('hello');
        assert.equal(await text(socket), 'hello');
      }
      const { totals } = await service.observe(dead);
      assert.equal(totals.retried, totals.failed);
      assert.equal((await service.observeListener()).failed, 0);
    });

    test('a draining replica keeps its connections until the deadline', async (t) => {
      const replica = await echo(t);
      const service = await BalancedService.open(driver(), [replica], {
        protocol: 'tcp',
        policy: { drainTimeoutMs: 200 },
      });
      const socket = await dial(service.port);
      const closed = whenClosed(socket);
      // Cut may mean ended as well as reset.
      socket.on('end', () => socket.end());
      socket.write('one');
      await once(socket, 'data');
      await service.set(replica, { rotation: 'draining' });
      socket.write('two');
      const answer = await nextChunk(socket);
      assert.equal(answer.toString(), 'two');
      assert.equal((await service.observe(replica)).state, 'draining');
      await closed;
      const { state, totals } = await eventually(async () => {
        const observed = await service.observe(replica);
        assert.equal(observed.inFlight, 0);
        return observed;
      });
      assert.deepEqual([state, totals.forced], ['drained', 1]);
    });

    test('with nobody to ask, a connection is reset and counted', async () => {
      const service = await BalancedService.open(driver(), [], { protocol: 'tcp' });
      const socket = connect(service.port, '127.0.0.1');
      await whenClosed(socket);
      await eventually(async () => {
        assert.deepEqual((await service.observeListener()).failures, { 'no-endpoint': 1 });
      });
    });
  });
}
