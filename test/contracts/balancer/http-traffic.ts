import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage, type RequestListener } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import type { BalancerDriver } from '../../../src/balancer/balancer-driver.ts';
import { eventually } from '../../helpers/eventually.ts';
import { type Answer, ask, nextChunk, responseTo, sendRaw, statusOf } from './clients.ts';
import { BalancedService, type Lacks } from './harness.ts';
import { httpReplica, rawReplica, type TestReplica } from './replicas.ts';

const megabyte = 1024 * 1024;

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** What HTTP traffic looks like from both ends. */
export function testHttpTraffic(driver: () => BalancerDriver, lacks: Lacks): void {
  const plain = { skip: lacks['plain-listeners'] ?? false };
  const replica = async (t: TestContext, handler: RequestListener, name = 'web-1'): Promise<TestReplica> => {
    const made = await httpReplica(name, handler);
    t.after(() => made.kill());
    return made;
  };
  const serviceOf = async (t: TestContext, handler: RequestListener): Promise<BalancedService> =>
    BalancedService.open(driver(), [await replica(t, handler)]);

  describe('HTTP traffic', () => {
    test('reaches a replica as it was sent, and the response comes back', async (t) => {
      const service = await serviceOf(t, (incoming, outgoing) => {
        outgoing.writeHead(201, { 'X-Custom': 'yes' });
        void bodyOf(incoming).then((body) =>
          outgoing.end(
            JSON.stringify([incoming.method, incoming.url, incoming.headers['x-one'], body.toString()]),
          ),
        );
      });
      const options = { method: 'PATCH', path: '/a/b?c=%20d', headers: { 'X-One': '1' }, body: 'hello' };
      const answer = await ask(service.port, options);
      assert.equal(answer.status, 201);
      assert.equal(answer.headers['x-custom'], 'yes');
      assert.deepEqual(JSON.parse(answer.body), ['PATCH', '/a/b?c=%20d', '1', 'hello']);
    });

    for (const algorithm of ['least_conn', 'round_robin'] as const) {
      test(`is spread evenly over the replicas by ${algorithm}`, async (t) => {
        const names = ['web-1', 'web-2', 'web-3'];
        const replicas = await Promise.all(
          names.map((name) => replica(t, (_, outgoing) => outgoing.end(name), name)),
        );
        const service = await BalancedService.open(driver(), replicas, { policy: { algorithm } });
        const counts = new Map<string, number>();
        for (let count = 0; count < 90; count++) {
          const { body, headers } = await ask(service.port);
          assert.equal(headers['x-served-by'], body);
          counts.set(body, (counts.get(body) ?? 0) + 1);
        }
        for (const name of names) assert.ok((counts.get(name) ?? 0) >= 20, JSON.stringify([...counts]));
      });
    }

    test('goes to the replica with the least in flight', async (t) => {
      const held: (() => void)[] = [];
      const slow = await replica(t, (_, outgoing) => held.push(() => outgoing.end('slow')), 'web-1');
      const quick = await replica(t, (_, outgoing) => outgoing.end('quick'), 'web-2');
      const service = await BalancedService.open(driver(), [slow, quick]);
      const answers: Promise<Answer>[] = [];
      let answered = 0;
      for (let count = 1; count <= 30; count++) {
        answers.push(ask(service.port).finally(() => answered++));
        await eventually(() => assert.equal(answered + held.length, count), 5_000, 1);
      }
      // Each worker of a balancer may find out for itself.
      assert.ok(held.length <= 8, `${held.length} of 30 went to the one that was busy`);
      held.forEach((release) => release());
      await Promise.all(answers);
    });

    test('names the replica, its address and the request in the response, unless told not to', async (t) => {
      const one = await replica(t, (_, outgoing) => outgoing.end(), 'web-7');
      const named = await BalancedService.open(driver(), [one]);
      const { headers } = await ask(named.port);
      assert.equal(headers['x-served-by'], 'web-7');
      assert.equal(headers['x-upstream-server'], `127.0.0.1:${one.port}`);
      assert.match(headers['x-request-id']?.toString() ?? '', /^[\w-]{8,}$/);
      const silent = await BalancedService.open(driver(), [one], { policy: { responseHeaders: false } });
      const plain = (await ask(silent.port)).headers;
      assert.deepEqual(
        [plain['x-served-by'], plain['x-upstream-server'], plain['x-request-id']],
        [undefined, undefined, undefined],
      );
    });

    test('tells the replica who asked, and keeps a sane request id', async (t) => {
      const service = await serviceOf(t, (incoming, outgoing) =>
        outgoing.end(JSON.stringify(incoming.headers)),
      );
      const asked = { 'X-Request-ID': 'order-17.a', 'X-Forwarded-For': '10.1.1.1', Host: 'shop.test:81' };
      const answer = await ask(service.port, { headers: asked });
      assert.equal(answer.headers['x-request-id'], 'order-17.a');
      const seen: unknown = JSON.parse(answer.body);
      assert.partialDeepStrictEqual(seen, {
        'x-request-id': 'order-17.a',
        'x-forwarded-for': '10.1.1.1, 127.0.0.1',
        'x-forwarded-host': 'shop.test:81',
        host: 'shop.test:81',
      });
      const odd = await ask(service.port, { headers: { 'X-Request-ID': 'a b"<>' } });
      assert.doesNotMatch(odd.headers['x-request-id']?.toString() ?? '', /[ "<>]/);
    });

    test('tells the replica where the client came in', plain, async (t) => {
      const service = await serviceOf(t, (incoming, outgoing) =>
        outgoing.end(JSON.stringify(incoming.headers)),
      );
      const seen: unknown = JSON.parse((await ask(service.port)).body);
      assert.partialDeepStrictEqual(seen, {
        'x-forwarded-proto': 'http',
        'x-forwarded-port': String(service.port),
      });
    });

    test('keeps connections alive on both sides', async (t) => {
      const one = await replica(t, (incoming, outgoing) => outgoing.end(String(incoming.socket.remotePort)));
      const service = await BalancedService.open(driver(), [one]);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      t.after(() => agent.destroy());
      const upstreamPorts = new Set<string>();
      for (let count = 0; count < 20; count++) upstreamPorts.add((await ask(service.port, { agent })).body);
      assert.equal(upstreamPorts.size, 1);
    });

    test('carries chunked bodies both ways', async (t) => {
      const service = await serviceOf(t, (incoming, outgoing) => {
        assert.equal(incoming.headers['transfer-encoding'], 'chunked');
        incoming.pipe(outgoing);
      });
      const outgoing = request({ host: '127.0.0.1', port: service.port, method: 'POST', agent: false });
      outgoing.write('one ');
      outgoing.write('two ');
      outgoing.end('three');
      const response = await responseTo(outgoing);
      assert.equal(response.headers['transfer-encoding'], 'chunked');
      assert.equal((await bodyOf(response)).toString(), 'one two three');
    });

    test('carries large bodies whole, both ways, past a side that is slow', async (t) => {
      const content = Buffer.alloc(24 * megabyte, 'tenfold ');
      const service = await serviceOf(t, (incoming, outgoing) => {
        void bodyOf(incoming).then((body) => outgoing.setHeader('X-Hash', hash(body)).end(content));
      });
      const outgoing = request({ host: '127.0.0.1', port: service.port, method: 'PUT', agent: false });
      outgoing.end(content);
      const response = await responseTo(outgoing);
      assert.equal(response.headers['x-hash'], hash(content));
      assert.equal(hash(await bodyOf(response)), hash(content));
    });

    test('passes on each event of a stream as it comes', async (t) => {
      const go: (() => void)[] = [];
      const service = await serviceOf(t, (_, outgoing) => {
        outgoing.writeHead(200, { 'Content-Type': 'text/event-stream' });
        outgoing.write('data: 1\n\n');
        go.push(
          () => outgoing.write('data: 2\n\n'),
          () => outgoing.end(),
        );
      });
      const outgoing = request({ host: '127.0.0.1', port: service.port, agent: false }).end();
      const response = await responseTo(outgoing);
      const first = await nextChunk(response);
      assert.equal(first.toString(), 'data: 1\n\n');
      go.shift()?.();
      const second = await nextChunk(response);
      assert.equal(second.toString(), 'data: 2\n\n');
      go.shift()?.();
      await once(response, 'end');
    });

    test('upgrades to WebSocket, both ways, until one side closes', async (t) => {
      const server = new WebSocketServer({ noServer: true });
      const one = await replica(t, (_, outgoing) => outgoing.end('plain'));
      one.server.on('upgrade', (incoming: IncomingMessage, socket: Socket, early: Buffer) => {
        server.handleUpgrade(incoming, socket, early, (accepted) => server.emit('connection', accepted));
      });
      server.on('connection', (socket: WebSocket) =>
        socket.on('message', (data: Buffer) => socket.send(`echo ${data.toString()}`)),
      );
      const service = await BalancedService.open(driver(), [one]);
      const client = new WebSocket(`ws://127.0.0.1:${service.port}/chat`);
      await once(client, 'open');
      for (const word of ['one', 'x'.repeat(200_000)]) {
        client.send(word);
        const [reply] = await once(client, 'message');
        assert.equal(String(reply), `echo ${word}`);
      }
      client.close(4001, 'done');
      const [code] = await once(client, 'close');
      assert.equal(code, 4001);
      await eventually(async () => {
        const { inFlight, totals } = await service.observe(one);
        assert.deepEqual([inFlight, totals.completed, totals.failed], [0, 1, 0]);
      });
    });

    test('an upgrade that the replica declines is a plain exchange, and the connection goes on', async (t) => {
      const service = await serviceOf(t, (incoming, outgoing) => {
        outgoing.statusCode = incoming.headers['upgrade'] === undefined ? 200 : 403;
        outgoing.end(`<${incoming.url ?? ''}>`);
      });
      const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
      const upgrade = `GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${key}\r\n`;
      const after = 'GET /after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
      const text = await sendRaw(service.port, upgrade + after);
      assert.match(text, /^HTTP\/1\.1 403 [\s\S]*<\/up>HTTP\/1\.1 200 [\s\S]*<\/after>/);
    });

    test('lets a client wait for 100 Continue', async (t) => {
      const service = await serviceOf(t, (incoming, outgoing) => incoming.pipe(outgoing));
      const headers = { Expect: '100-continue', 'Content-Length': '5' };
      const outgoing = request({
        host: '127.0.0.1',
        port: service.port,
        method: 'POST',
        headers,
        agent: false,
      });
      outgoing.flushHeaders();
      await once(outgoing, 'continue');
      outgoing.end('hello');
      const response = await responseTo(outgoing);
      assert.equal((await bodyOf(response)).toString(), 'hello');
    });

    test('knows which responses have no body', async (t) => {
      const service = await serviceOf(t, (incoming, outgoing) => {
        if (incoming.url === '/204') outgoing.writeHead(204);
        else if (incoming.url === '/304') outgoing.writeHead(304, { ETag: '"x"' });
        else outgoing.writeHead(200, { 'Content-Length': '5' });
        outgoing.end(incoming.method === 'HEAD' || incoming.url !== '/' ? undefined : 'hello');
      });
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      t.after(() => agent.destroy());
      const head = await ask(service.port, { method: 'HEAD', agent });
      assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '5']);
      assert.deepEqual([(await ask(service.port, { path: '/204', agent })).status], [204]);
      const unchanged = await ask(service.port, { path: '/304', agent });
      assert.deepEqual([unchanged.status, unchanged.headers['etag']], [304, '"x"']);
      assert.equal((await ask(service.port, { agent })).body, 'hello');
    });

    test('passes on a response that comes before the request is complete', async (t) => {
      const service = await serviceOf(t, (_, outgoing) => {
        outgoing.writeHead(413, { Connection: 'close' });
        outgoing.end('too much');
      });
      const text = await sendRaw(
        service.port,
        `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1000)}`,
        { until: /too much/ },
      );
      assert.equal(statusOf(text), 413);
      if (lacks['early-close'] === undefined) assert.match(text, /\r\nConnection: close\r\n/i);
      assert.match(text, /too much/);
    });

    test('serves HTTP/1.0 clients without chunks, and keeps their connection where they ask for it', async (t) => {
      const service = await serviceOf(t, (incoming, outgoing) => {
        if (incoming.url === '/chunks') outgoing.write('he');
        else outgoing.setHeader('Content-Length', 5);
        outgoing.end(incoming.url === '/chunks' ? 'llo' : 'hello');
      });
      const plain = await sendRaw(service.port, 'GET /chunks HTTP/1.0\r\n\r\n');
      assert.doesNotMatch(plain, /transfer-encoding/i);
      assert.match(plain, /\r\n\r\nhello$/);
      const twice = await sendRaw(
        service.port,
        'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n',
      );
      assert.match(
        twice,
        /Connection: keep-alive[\s\S]*\r\n\r\nhelloHTTP[\s\S]*Connection: close[\s\S]*hello$/i,
      );
    });

    test('answers pipelined requests in their order', async (t) => {
      const service = await serviceOf(t, (incoming, outgoing) => {
        // The first takes longest.
        setTimeout(() => outgoing.end(`<${incoming.url ?? ''}>`), incoming.url === '/1' ? 50 : 0);
      });
      const one = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
      const text = await sendRaw(service.port, one('/1') + one('/2') + one('/3', 'Connection: close\r\n'));
      assert.deepEqual(text.match(/<[^>]*>/g), ['</1>', '</2>', '</3>']);
    });

    test('takes a request however its bytes are split', async (t) => {
      const service = await serviceOf(t, (incoming, outgoing) => {
        void bodyOf(incoming).then((body) => outgoing.end(body));
      });
      const text = await sendRaw(
        service.port,
        'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n' +
          '5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nX-Trailer: 1\r\n\r\n',
        { slowly: true },
      );
      assert.match(text, /\r\n\r\nhello!$/);
    });

    const halfClosed = { skip: lacks['half-closed-clients'] ?? false };
    test('answers a client that has ended its side', halfClosed, async (t) => {
      const service = await serviceOf(t, (_, outgoing) => {
        setTimeout(() => outgoing.end('late'), 100);
      });
      const text = await sendRaw(service.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', { halfClose: true });
      assert.match(text, /late/);
    });

    for (const moment of ['before the response', 'inside the response'] as const) {
      test(`a client that leaves ${moment} takes its request back, and nobody has failed`, async (t) => {
        let closed = false;
        const one = await replica(t, (_, outgoing) => {
          outgoing.on('close', () => (closed = true));
          if (moment === 'inside the response') outgoing.write('begun');
        });
        const service = await BalancedService.open(driver(), [one]);
        const client = connect(service.port, '127.0.0.1');
        client.on('error', () => {});
        client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        if (moment === 'inside the response') await once(client, 'data');
        else await eventually(async () => assert.equal((await service.observe(one)).inFlight, 1));
        client.destroy();
        await eventually(() => assert.ok(closed));
        await eventually(async () => assert.equal((await service.observe(one)).inFlight, 0));
        assert.equal((await service.observe(one)).totals.failed, 0);
        assert.equal((await service.observeListener()).failed, 0);
      });
    }

    test('a response without a length ends with the connection', async (t) => {
      const one = await rawReplica('web-1', (socket) => {
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nto the end'));
      });
      t.after(() => one.kill());
      const service = await BalancedService.open(driver(), [one]);
      const text = await sendRaw(service.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.match(text, /Connection: close[\s\S]*to the end$/i);
    });

    const nominated = { skip: lacks['nominated-fields'] ?? false };
    test('hop-by-hop fields of either side stay on their hop', nominated, async (t) => {
      const one = await rawReplica('web-1', (socket) => {
        let seen = '';
        socket.on('data', (chunk: Buffer) => {
          seen += chunk.toString();
          if (!seen.includes('\r\n\r\n')) return;
          const body = JSON.stringify(seen);
          socket.end(
            `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nKeep-Alive: timeout=9\r\nX-Hop: 1\r\nX-Stays: 1\r\nConnection: close, X-Hop\r\n\r\n${body}`,
          );
        });
      });
      t.after(() => one.kill());
      const service = await BalancedService.open(driver(), [one]);
      const headers = { Connection: 'close, X-Private', 'X-Private': '1', TE: 'trailers', 'X-Public': '1' };
      const answer = await ask(service.port, { headers });
      assert.deepEqual(
        [answer.headers['x-hop'], answer.headers['keep-alive'], answer.headers['x-stays']],
        [undefined, undefined, '1'],
      );
      assert.match(answer.body, /X-Public: 1/i);
      assert.doesNotMatch(answer.body, /X-Private|TE: trailers|Connection:/i);
    });
  });
}
