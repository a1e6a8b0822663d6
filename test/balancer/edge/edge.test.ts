import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { hashSync } from 'bcryptjs';
import { type Answer, ask, responseTo, sendRaw, statusOf } from '../../contracts/balancer/clients.ts';
import { httpReplica, rawReplica } from '../../contracts/balancer/replicas.ts';
import { eventually } from '../../helpers/eventually.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { echoOf, echoReplica, edgeOf, listen, noLimits, useProxy } from './edge-harness.ts';
import { plainRoute } from '../../../src/shared/plain-route.ts';

const driver = useProxy(3);
const basic = (name: string, password: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
});
const perIp = { kind: 'ip' } as const;

describe('access lists', () => {
  test('the first rule whose path fits decides, however the path is spelt', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const access = [
      { path: '/admin', allow: ['10.0.0.0/8'], deny: [] },
      { path: '/', allow: undefined, deny: ['192.0.2.0/24'] },
    ];
    const { port } = await listen(driver(), { pools: { web: [web] }, edge: edgeOf({ access }) });
    const spelt = [
      '/admin',
      '/admin/x',
      '//admin',
      '/%61dmin',
      '/%2561dmin',
      '/admin;x=1',
      '/%2fadmin',
      '/admin%2fx',
    ];
    for (const path of spelt) assert.equal((await ask(port, { path })).status, 403, path);
    for (const path of ['/', '/administration', '/x/admin'])
      assert.equal((await ask(port, { path })).status, 200, path);
  });

  test('a denied range is refused even within an allowed one', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const access = [{ path: '/', allow: ['127.0.0.0/8'], deny: ['127.0.0.1'] }];
    const { port } = await listen(driver(), { pools: { web: [web] }, edge: edgeOf({ access }) });
    assert.equal((await ask(port)).status, 403);
  });

  test('what is carried as bytes is refused by closing the connection', async (t) => {
    const web = await rawReplica('web', (socket) => socket.end('hello'));
    t.after(() => web.kill());
    const deny = [{ path: '/', allow: undefined, deny: ['127.0.0.0/8'] }];
    const listener = await listen(driver(), {
      pools: { web: [web] },
      protocol: 'tcp',
      edge: edgeOf({ access: deny }),
    });
    assert.equal(await sendRaw(listener.port, ''), '');
    await listener.change({ edge: edgeOf({}) });
    assert.equal(await sendRaw(listener.port, '', { halfClose: true }), 'hello');
  });
});

describe('basic authentication', () => {
  test('lets in whose password is right, by bcrypt, apr1 and SHA-1, and challenges all others', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const lines = [
      `ann:${hashSync('secret', 4)}`,
      // openssl passwd -apr1 -salt abcdefgh
      'bob:$apr1$abcdefgh$Ssov4/LtwvIfiJVsWmuPQ/',
      'cid:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=',
    ];
    const basicAuth = { realm: 'inner', path: '/private', users: { lines }, keepsHeader: true };
    const { port } = await listen(driver(), { pools: { web: [web] }, edge: edgeOf({ basicAuth }) });
    const at = (headers: Record<string, string>): Promise<Answer> =>
      ask(port, { path: '/private/x', headers });
    for (const [name, password] of [
      ['ann', 'secret'],
      ['ann', 'secret'],
      ['bob', 'a long password of more than sixteen bytes'],
      ['cid', 'password'],
    ] as const) {
      assert.equal((await at(basic(name, password))).status, 200, name);
    }
    for (const headers of [
      {},
      basic('ann', 'wrong'),
      basic('eve', 'secret'),
      { Authorization: 'Bearer x' },
    ]) {
      const refused = await at(headers);
      assert.deepEqual(
        [refused.status, refused.headers['www-authenticate']],
        [401, 'Basic realm="inner", charset="UTF-8"'],
      );
    }
    assert.equal((await ask(port, { path: '/public' })).status, 200);
    assert.equal((await ask(port, { path: '/%70rivate' })).status, 401);
  });

  test('reads its file again when it is replaced, and keeps the users it had when the new one is none', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'users');
    await writeFile(file, `ann:${hashSync('one', 4)}\n`);
    const basicAuth = { realm: 'x', path: '/', users: { file }, keepsHeader: true };
    const { port } = await listen(driver(), { pools: { web: [web] }, edge: edgeOf({ basicAuth }) });
    assert.equal((await ask(port, { headers: basic('ann', 'one') })).status, 200);
    await writeFile(`${file}.new`, `ann:${hashSync('two', 4)}\n`);
    await rename(`${file}.new`, file);
    // Each worker looks by itself.
    const everywhere = async (password: string, status: number): Promise<void> => {
      for (let count = 0; count < 20; count++)
        assert.equal((await ask(port, { headers: basic('ann', password) })).status, status);
    };
    await eventually(() => everywhere('two', 200));
    await everywhere('one', 401);
    await writeFile(file, 'ann:$6$salt$cannot\n');
    assert.equal((await ask(port, { headers: basic('ann', 'two') })).status, 200);
  });
});

describe('a rate limit', () => {
  const volley = async (
    port: number,
    count: number,
    headers: Record<string, string> = {},
  ): Promise<readonly Answer[]> => Promise.all(Array.from({ length: count }, () => ask(port, { headers })));
  const passed = (answers: readonly Answer[]): number =>
    answers.filter(({ status }) => status === 200).length;

  test('lets through its burst and one more, over all workers together; the others are 429 with Retry-After', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    // So slow that none is added while the test runs.
    const rateLimit = { key: perIp, intervalMs: 3_600_000, burst: 9, isImmediate: true };
    const { port } = await listen(driver(), { pools: { web: [web] }, edge: edgeOf({ rateLimit }) });
    const answers = await volley(port, 40);
    assert.equal(passed(answers), 10);
    const refused = answers.filter(({ status }) => status === 429);
    assert.equal(refused.length, 30);
    for (const { headers } of refused) assert.ok(Number(headers['retry-after']) > 3_000);
    assert.equal((await ask(port)).status, 429);
  });

  test('counts by header where it says so, and by address for who leaves the header out', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const key = { kind: 'header', name: 'x-api-key' } as const;
    const rateLimit = { key, intervalMs: 3_600_000, burst: 1, isImmediate: true };
    const { port } = await listen(driver(), { pools: { web: [web] }, edge: edgeOf({ rateLimit }) });
    assert.equal(passed(await volley(port, 6, { 'X-Api-Key': 'a' })), 2);
    assert.equal(passed(await volley(port, 6, { 'X-Api-Key': 'b' })), 2);
    assert.equal(passed(await volley(port, 6)), 2);
  });

  test('of a route holds for that route alone', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const rateLimit = { key: { kind: 'route' }, intervalMs: 3_600_000, burst: 0, isImmediate: true } as const;
    const route = plainRoute({
      id: 'login',
      match: { kind: 'path', path: '/login' },
      action: { kind: 'forward', to: { pool: 'web' } },
      rateLimit,
    });
    const { port } = await listen(driver(), { pools: { web: [web] }, routes: [route] });
    assert.equal((await ask(port, { path: '/login' })).status, 200);
    assert.equal((await ask(port, { path: '/login' })).status, 429);
    assert.equal((await ask(port, { path: '/' })).status, 200);
  });

  test('without nodelay holds the burst back until the rate lets it through', async (t) => {
    const arrivals: number[] = [];
    const web = await httpReplica('web-1', (_incoming, outgoing) => {
      arrivals.push(performance.now());
      outgoing.end();
    });
    t.after(() => web.kill());
    const rateLimit = { key: perIp, intervalMs: 60, burst: 4, isImmediate: false };
    const { port } = await listen(driver(), { pools: { web: [web] }, edge: edgeOf({ rateLimit }) });
    assert.equal(passed(await volley(port, 5)), 5);
    const [first = 0, last = 0] = [arrivals[0], arrivals.at(-1)];
    // Four intervals, less what the clocks of processes and timers may differ.
    assert.ok(last - first >= 200, `${last - first} ms`);
  });

  test('does not stop the body of a request that waits, nor what is pipelined after it', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const rateLimit = { key: perIp, intervalMs: 50, burst: 5, isImmediate: false };
    const { port } = await listen(driver(), { pools: { web: [web] }, edge: edgeOf({ rateLimit }) });
    const one = 'POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello';
    const two = 'GET /2 HTTP/1.1\r\nHost: a\r\n\r\n';
    const three = 'GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const text = await sendRaw(port, one + two + three);
    assert.deepEqual(text.match(/"url":"\/\d"/g), ['"url":"/1"', '"url":"/2"', '"url":"/3"']);
    assert.match(text, /"body":"hello"/);
  });
});

describe('limits of a listener', () => {
  test('a head that is larger than allowed is 431', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const limits = { ...noLimits, maxHeaderBytes: 600 };
    const { port } = await listen(driver(), { pools: { web: [web] }, edge: edgeOf({ limits }) });
    assert.equal((await ask(port, { headers: { 'X-A': 'a'.repeat(300) } })).status, 200);
    assert.equal((await ask(port, { headers: { 'X-A': 'a'.repeat(600) } })).status, 431);
  });

  test('a head that does not come in time is 408', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const limits = { ...noLimits, headTimeoutMs: 150 };
    const { port } = await listen(driver(), { pools: { web: [web] }, edge: edgeOf({ limits }) });
    assert.equal(statusOf(await sendRaw(port, 'GET / HTTP/1.1\r\nHost:')), 408);
  });

  test('an address has no more connections than allowed, over all workers; one that closes makes room', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const limits = { ...noLimits, maxConnectionsPerIp: 3 };
    const { port } = await listen(driver(), { pools: { web: [web] }, edge: edgeOf({ limits }) });
    const sockets = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => {});
        await once(socket, 'connect');
        socket.resume();
        return socket;
      }),
    );
    t.after(() => sockets.forEach((socket) => socket.destroy()));
    await eventually(() => assert.equal(sockets.filter((socket) => socket.closed).length, 5));
    sockets.find((socket) => !socket.closed)?.destroy();
    await eventually(async () => assert.equal((await ask(port)).status, 200));
  });
});

describe('the PROXY protocol', () => {
  const plain = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
  const v2 = (address: readonly number[]): string =>
    Buffer.concat([
      Buffer.from('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c', 'latin1'),
      Buffer.from([...address, 127, 0, 0, 1, 0x30, 0x39, 0, 80]),
    ]).toString('latin1');
  const bodyOf = (text: string): string => text.slice(text.indexOf('{'));

  test('from a trusted peer names the client, in version 1 and 2, with what follows in the same packet or later', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const { port } = await listen(driver(), {
      pools: { web: [web] },
      edge: edgeOf({ proxyProtocolFrom: ['127.0.0.0/8'] }),
    });
    const from = async (text: string, slowly = false): Promise<string | undefined> =>
      echoOf(bodyOf(await sendRaw(port, text, { slowly }))).headers['x-forwarded-for'];
    assert.equal(await from(`PROXY TCP4 192.0.2.7 127.0.0.1 4711 80\r\n${plain}`), '192.0.2.7');
    assert.equal(await from(`PROXY TCP4 192.0.2.8 127.0.0.1 4711 80\r\n${plain}`, true), '192.0.2.8');
    assert.equal(await from(`PROXY TCP6 2001:db8::7 ::1 4711 80\r\n${plain}`), '2001:db8::7');
    assert.equal(await from(`${v2([192, 0, 2, 9])}${plain}`), '192.0.2.9');
    assert.equal(await from(`PROXY UNKNOWN\r\n${plain}`), '127.0.0.1');
    for (const nonsense of [plain, 'PROXY TCP4 x y 1 2\r\n', 'PROXY TCP4 1.2.3.4 5.6.7.8 99999 80\r\n'])
      assert.equal(await sendRaw(port, nonsense), '');
  });

  test('from anybody else is a malformed request', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const { port } = await listen(driver(), {
      pools: { web: [web] },
      edge: edgeOf({ proxyProtocolFrom: ['192.0.2.0/24'] }),
    });
    assert.equal(statusOf(await sendRaw(port, `PROXY TCP4 192.0.2.7 127.0.0.1 4711 80\r\n${plain}`)), 400);
    assert.equal(statusOf(await sendRaw(port, plain)), 200);
  });

  for (const [version, pattern] of [
    ['v1', /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\nGET \/ HTTP\/1\.1\r\n/],
    // oxlint-disable-next-line no-control-regex
    ['v2', /^\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01[^]{4}GET \/ HTTP\/1\.1\r\n/],
  ] as const) {
    test(`${version} goes before each request to a replica, which shares its connection with no other client`, async (t) => {
      const seen: string[] = [];
      const web = await rawReplica('web', (socket) =>
        socket.once('data', (chunk: Buffer) => {
          seen.push(chunk.toString('latin1'));
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
        }),
      );
      t.after(() => web.kill());
      const { port } = await listen(driver(), {
        pools: { web: [web] },
        policy: { sendProxyProtocol: version },
      });
      for (let count = 0; count < 3; count++) assert.equal((await ask(port)).status, 200);
      assert.equal(web.accepted(), 3);
      for (const text of seen) assert.match(text, pattern);
    });
  }

  test('goes before the bytes of a TCP connection', async (t) => {
    const web = await rawReplica('web', (socket) =>
      socket.once('data', (chunk: Buffer) => socket.end(chunk)),
    );
    t.after(() => web.kill());
    const { port } = await listen(driver(), {
      pools: { web: [web] },
      protocol: 'tcp',
      policy: { sendProxyProtocol: 'v1' },
    });
    assert.match(await sendRaw(port, 'bytes'), /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\n/);
  });
});

describe('trusted proxies', () => {
  const forwarded = {
    'X-Forwarded-For': '203.0.113.9, 198.51.100.1, 10.0.0.3',
    'X-Forwarded-Proto': 'https',
    'X-Real-IP': '203.0.113.9',
  };

  test('the client is the right-most address that is none of them', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const trustedProxies = ['127.0.0.1', '10.0.0.0/8'];
    const access = [{ path: '/', allow: undefined, deny: ['198.51.100.1'] }];
    const listener = await listen(driver(), {
      pools: { web: [web] },
      edge: edgeOf({ trustedProxies, access }),
    });
    assert.equal((await ask(listener.port, { headers: forwarded })).status, 403);
    await listener.change({ edge: edgeOf({ trustedProxies }) });
    const { headers } = echoOf((await ask(listener.port, { headers: forwarded })).body);
    assert.equal(headers['x-forwarded-for'], '203.0.113.9, 198.51.100.1, 10.0.0.3, 127.0.0.1');
    assert.equal(headers['x-forwarded-proto'], 'https');
    assert.equal(headers['x-real-ip'], '203.0.113.9');
  });

  test('what anybody else says of the client is not passed on', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const edge = edgeOf({ trustedProxies: ['10.0.0.0/8'] });
    const { port } = await listen(driver(), { pools: { web: [web] }, edge });
    const { headers } = echoOf(
      (await ask(port, { headers: { ...forwarded, Forwarded: 'for=1.2.3.4' } })).body,
    );
    assert.deepEqual(
      [headers['x-forwarded-for'], headers['x-forwarded-proto'], headers['x-real-ip'], headers['forwarded']],
      ['127.0.0.1', 'http', undefined, undefined],
    );
  });

  test('a client that reached the proxy by HTTPS is not redirected to it', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const edge = edgeOf({ redirectToHttpsPort: 443, trustedProxies: ['127.0.0.1'] });
    const { port } = await listen(driver(), { pools: { web: [web] }, edge });
    assert.equal((await ask(port, { headers: forwarded })).status, 200);
    const plain = await ask(port, { path: '/a?b', headers: { host: `x.test:${port}` } });
    assert.deepEqual([plain.status, plain.headers.location], [308, 'https://x.test/a?b']);
  });
});

describe('compression', () => {
  const text = 'All work and no play makes Jack a dull boy.\n'.repeat(200);
  const compression = {
    encodings: ['br', 'gzip'],
    minBytes: 100,
    types: ['text/*', 'application/json'],
  } as const;

  async function served(
    t: { after(done: () => void): void },
    headers: Record<string, string>,
    body: string | readonly string[] = text,
  ): Promise<number> {
    const web = await httpReplica('web-1', (_incoming, outgoing) => {
      outgoing.writeHead(200, { 'Content-Type': 'text/plain', ...headers });
      if (typeof body === 'string') outgoing.end(body);
      else {
        for (const piece of body) outgoing.write(piece);
        outgoing.end();
      }
    });
    t.after(() => web.kill());
    return (await listen(driver(), { pools: { web: [web] }, edge: edgeOf({ compression }) })).port;
  }

  async function bytesOf(
    port: number,
    headers: Record<string, string>,
  ): Promise<{ answer: Answer; bytes: Buffer }> {
    const outgoing = request({ host: '127.0.0.1', port, headers, agent: false });
    outgoing.end();
    const response = await responseTo(outgoing);
    const pieces: Buffer[] = [];
    for await (const piece of response) pieces.push(Buffer.from(piece));
    const answer = { status: response.statusCode ?? 0, headers: response.headers, body: '' };
    return { answer, bytes: Buffer.concat(pieces) };
  }

  for (const [framing, headers, body] of [
    ['with a length', { 'Content-Length': String(text.length), ETag: '"x"' }, text],
    ['in chunks', {}, [text.slice(0, 100), text.slice(100)]],
    ['until the connection closes', { Connection: 'close' }, text],
  ] as const) {
    test(`encodes a response ${framing} as the client likes it best`, async (t) => {
      const port = await served(t, headers, body);
      for (const [accepted, encoding] of [
        ['gzip, br', 'br'],
        ['gzip, br;q=0', 'gzip'],
        ['*', 'br'],
      ] as const) {
        const { answer, bytes } = await bytesOf(port, { 'Accept-Encoding': accepted });
        assert.equal(answer.headers['content-encoding'], encoding);
        assert.match(answer.headers['vary'] ?? '', /Accept-Encoding/);
        if (framing === 'with a length') assert.equal(answer.headers['etag'], 'W/"x"');
        const plain = encoding === 'br' ? brotliDecompressSync(bytes) : gunzipSync(bytes);
        assert.equal(plain.toString(), text);
      }
      const { answer, bytes } = await bytesOf(port, {});
      assert.equal(answer.headers['content-encoding'], undefined);
      assert.match(answer.headers['vary'] ?? '', /Accept-Encoding/);
      assert.equal(bytes.toString(), text);
    });
  }

  for (const [name, headers] of [
    ['an event stream', { 'Content-Type': 'text/event-stream' }],
    ['what is encoded already', { 'Content-Encoding': 'gzip' }],
    ['what is small', { 'Content-Length': '44' }],
    ['what no intermediary may transform', { 'Cache-Control': 'public, no-transform' }],
    ['a part of something', { 'Content-Range': 'bytes 0-8799/8800' }],
    ['what is compressed by nature', { 'Content-Type': 'image/png' }],
  ] as const) {
    test(`leaves ${name} as it is`, async (t) => {
      const body = name === 'what is small' ? text.slice(0, 44) : text;
      const port = await served(t, headers, body);
      const { answer, bytes } = await bytesOf(port, { 'Accept-Encoding': 'gzip' });
      assert.equal(answer.headers['content-encoding'], name.includes('encoded') ? 'gzip' : undefined);
      assert.equal(bytes.toString(), body);
    });
  }

  test('keeps the connection, and serves the next request on it', async (t) => {
    const port = await served(t, {});
    const get = (last: string): string => `GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n${last}\r\n`;
    const raw = await sendRaw(port, get('') + get('Connection: close\r\n'));
    assert.equal(raw.match(/Content-Encoding: gzip/g)?.length, 2);
  });

  test('does not hold back what a replica has sent of a response that goes on', async (t) => {
    const web = await httpReplica('web-1', (_incoming, outgoing) => {
      outgoing.writeHead(200, { 'Content-Type': 'text/plain' });
      outgoing.write('first');
    });
    t.after(() => web.kill());
    const { port } = await listen(driver(), { pools: { web: [web] }, edge: edgeOf({ compression }) });
    // The response never ends; an encoder that waits for its block to fill would never send anything.
    const raw = await sendRaw(port, 'GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n', {
      until: /\r\n\r\n[0-9a-f]+\r\n[^]+\r\n[0-9a-f]+\r\n/,
    });
    assert.match(raw, /Content-Encoding: gzip/);
  });
});
