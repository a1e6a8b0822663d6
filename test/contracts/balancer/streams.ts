import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import type { BalancerDriver } from '../../../src/balancer/balancer-driver.ts';
import { eventually } from '../../helpers/eventually.ts';
import { ask, nextChunk, responseTo } from './clients.ts';
import { BalancedService, type Lacks } from './harness.ts';
import { httpReplica, type TestReplica } from './replicas.ts';

interface StreamingReplica {
  readonly replica: TestReplica;
  /** Answers the requests that it holds, which are all that are no stream. */
  release(): void;
}

/** Echoes on WebSockets, sends events, and holds every other request. */
async function streamingReplica(
  t: TestContext,
  name: string,
  sendEvents: (outgoing: ServerResponse) => void,
): Promise<StreamingReplica & { readonly held: readonly unknown[] }> {
  const held: (() => void)[] = [];
  const replica = await httpReplica(name, (incoming, outgoing) => {
    if (incoming.url === '/events') {
      outgoing.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
      sendEvents(outgoing);
    } else held.push(() => outgoing.end(name));
  });
  const sockets = new WebSocketServer({ noServer: true });
  replica.server.on('upgrade', (incoming: IncomingMessage, socket: Socket, early: Buffer) => {
    sockets.handleUpgrade(incoming, socket, early, (accepted) => sockets.emit('connection', accepted));
  });
  sockets.on('connection', (socket: WebSocket) =>
    socket.on('message', (data: Buffer) => socket.send(data.toString())),
  );
  t.after(() => replica.kill());
  return { replica, held, release: () => held.splice(0).forEach((answer) => answer()) };
}

interface Stream {
  /** Resolves when it is over, with how. */
  readonly over: Promise<string>;
}

async function openSocket(port: number): Promise<Stream> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`);
  await once(socket, 'open');
  socket.on('error', () => {});
  return { over: new Promise((resolve) => socket.on('close', (code) => resolve(`closed ${code}`))) };
}

async function openEvents(port: number): Promise<Stream> {
  const outgoing = request({ host: '127.0.0.1', port, path: '/events', agent: false }).end();
  const response = await responseTo(outgoing);
  await nextChunk(response);
  let text = '';
  response.on('data', (chunk: Buffer) => (text += chunk.toString()));
  response.on('error', () => {});
  const closed = new Promise((resolve) => response.on('close', resolve));
  const how = (): string =>
    response.complete && (text === '' || text.endsWith('\n\n'))
      ? 'ended'
      : `broke off after ${JSON.stringify(text.slice(-20))}`;
  return { over: closed.then(how) };
}

/** What lasts longer than a drain: closed one by one, and properly, before the deadline. */
export function testStreams(driver: () => BalancerDriver, lacks: Lacks): void {
  const lacking = { skip: lacks['stream-spread'] ?? false };

  describe('streams of a draining replica', lacking, () => {
    test('stay until the last part of the drain, are closed one by one in it, and no short request with them', async (t) => {
      const leaving = await streamingReplica(t, 'web-1', (outgoing) => outgoing.write('data: 1\n\n'));
      const staying = await httpReplica('web-2', (_, outgoing) => outgoing.end('web-2'));
      t.after(() => staying.kill());
      const drainTimeoutMs = 4_000;
      const service = await BalancedService.open(driver(), [leaving.replica], { policy: { drainTimeoutMs } });
      const streams = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          index % 2 === 0 ? openSocket(service.port) : openEvents(service.port),
        ),
      );
      const short = Array.from({ length: 5 }, () => ask(service.port, { method: 'POST', body: 'x' }));
      await eventually(() => assert.equal(leaving.held.length, 5));
      await service.setReplicas([leaving.replica, staying]);

      const began = performance.now();
      await service.set(leaving.replica, { rotation: 'draining' });
      const closings: { readonly afterMs: number; readonly how: string }[] = [];
      for (const stream of streams)
        void stream.over.then((how) => closings.push({ afterMs: performance.now() - began, how }));
      await eventually(() => assert.ok(closings.length >= 50), drainTimeoutMs + 5_000, 5);
      leaving.release();
      for (const answer of await Promise.all(short)) assert.equal(answer.body, 'web-1');
      /** How many streams had closed when each of the requests was answered that other clients sent meanwhile. */
      const seen = [closings.length];
      while (closings.length < 100) {
        assert.equal((await ask(service.port)).body, 'web-2');
        seen.push(closings.length);
      }

      // Those that the deadline cuts are reset.
      const kinds = Object.groupBy(closings, ({ how }) => how);
      assert.deepEqual([kinds['closed 1001']?.length, kinds['ended']?.length], [50, 50]);
      const first = Math.min(...closings.map(({ afterMs }) => afterMs));
      assert.ok(first >= drainTimeoutMs * 0.8 - 20, `the first was closed after ${first} ms`);
      const distinct = new Set(seen);
      assert.ok(distinct.size >= 5, `closed by the time of each request: ${[...distinct].join(' ')}`);

      const { totals } = await eventually(async () => {
        const observed = await service.observe(leaving.replica);
        assert.equal(observed.state, 'drained');
        return observed;
      });
      assert.deepEqual(
        [totals.drained, totals.forced, totals.forcedStreams, totals.failed],
        [5, 100, 100, 0],
      );
      assert.equal((await service.observeListener()).failed, 0, 'who was told to go has lost nothing');
    });

    test('end between two events, however the replica writes them', async (t) => {
      const leaving = await streamingReplica(t, 'web-1', (outgoing) => {
        let count = 0;
        outgoing.write('data: 0\n\n');
        // Chunks by hand, each sent in two halves.
        const timer = setInterval(() => {
          const half = count++ % 2 === 0 ? '9\r\ndata' : ': 1\n\n\r\n';
          outgoing.socket?.write(half);
        }, 7);
        outgoing.on('close', () => clearInterval(timer));
        timer.unref();
      });
      const service = await BalancedService.open(driver(), [leaving.replica], {
        policy: { drainTimeoutMs: 1_000 },
      });
      const streams = await Promise.all(Array.from({ length: 10 }, () => openEvents(service.port)));
      await service.set(leaving.replica, { rotation: 'draining' });
      assert.deepEqual(new Set(await Promise.all(streams.map(({ over }) => over))), new Set(['ended']));
    });

    test('a WebSocket with messages under way is closed between two of them', async (t) => {
      const leaving = await streamingReplica(t, 'web-1', () => {});
      const service = await BalancedService.open(driver(), [leaving.replica], {
        policy: { drainTimeoutMs: 1_000 },
      });
      const socket = new WebSocket(`ws://127.0.0.1:${service.port}/socket`);
      await once(socket, 'open');
      const message = 'x'.repeat(70_000);
      let received = 0;
      socket.on('message', (data: Buffer) => {
        assert.equal(data.toString(), message);
        received++;
        socket.send(message);
      });
      const errors: Error[] = [];
      socket.on('error', (error) => errors.push(error));
      for (let count = 0; count < 3; count++) socket.send(message);
      await eventually(() => assert.ok(received > 3));
      await service.set(leaving.replica, { rotation: 'draining' });
      const [code] = await once(socket, 'close');
      assert.deepEqual([code, errors], [1001, []]);
      const { totals } = await eventually(async () => {
        const observed = await service.observe(leaving.replica);
        assert.equal(observed.state, 'drained');
        return observed;
      });
      assert.deepEqual([totals.forced, totals.forcedStreams, totals.completed], [1, 1, 0]);
    });

    test('a response that is no event stream is never made to look whole', async (t) => {
      const leaving = await httpReplica('web-1', (_, outgoing) => outgoing.write('the first half'));
      t.after(() => leaving.kill());
      const service = await BalancedService.open(driver(), [leaving], { policy: { drainTimeoutMs: 200 } });
      const answer = ask(service.port);
      answer.catch(() => {});
      await eventually(async () => assert.equal((await service.observe(leaving)).inFlight, 1));
      await service.set(leaving, { rotation: 'draining' });
      await assert.rejects(answer);
      assert.deepEqual((await service.observeListener()).failures, { forced: 1 });
    });
  });
}
