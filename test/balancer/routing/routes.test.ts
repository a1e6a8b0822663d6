import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { describe, test } from 'node:test';
import type { Match, RouteAction } from '../../../src/model/routing.ts';
import { ask, sendRaw, statusOf } from '../../contracts/balancer/clients.ts';
import { httpReplica } from '../../contracts/balancer/replicas.ts';
import { echoOf, echoReplica, listen, useProxy } from '../edge/edge-harness.ts';
import { plainRoute } from '../../../src/shared/plain-route.ts';

const driver = useProxy();
const to = (pool: string): RouteAction<{ readonly pool: string }> => ({ kind: 'forward', to: { pool } });
const everything: Match = { kind: 'all', of: [] };

describe('a request goes to the first route that matches', () => {
  const cases: readonly {
    readonly name: string;
    readonly match: Match;
    readonly taken: readonly { path?: string; method?: string; headers?: Record<string, string> }[];
    readonly left: readonly { path?: string; method?: string; headers?: Record<string, string> }[];
  }[] = [
    {
      name: 'by host, without its port and whatever its case',
      match: { kind: 'host', host: 'app.example.com' },
      taken: [{ headers: { host: 'app.example.com' } }, { headers: { host: 'APP.example.com:8080' } }],
      left: [{ headers: { host: 'example.com' } }, { headers: { host: 'app.example.com.evil' } }],
    },
    {
      name: 'by a wildcard, for every name below it and not for itself',
      match: { kind: 'host', host: '*.example.com' },
      taken: [{ headers: { host: 'a.example.com' } }, { headers: { host: 'a.b.example.com' } }],
      left: [{ headers: { host: 'example.com' } }, { headers: { host: 'aexample.com' } }],
    },
    {
      name: 'by a host pattern',
      match: { kind: 'host-regex', pattern: '^[a-z]+\\.test$' },
      taken: [{ headers: { host: 'Web.test' } }],
      left: [{ headers: { host: 'a1.test' } }],
    },
    {
      name: 'by a path prefix, with repeated slashes taken for one',
      match: { kind: 'path-prefix', prefix: '/api/' },
      taken: [{ path: '/api/users?x=1' }, { path: '//api///users' }],
      left: [{ path: '/apis' }, { path: '/?/api/' }],
    },
    {
      name: 'by a path pattern',
      match: { kind: 'path-regex', pattern: '^/v[0-9]+/' },
      taken: [{ path: '/v2/x' }],
      left: [{ path: '/vx/2' }],
    },
    {
      name: 'by method',
      match: { kind: 'method', methods: ['POST', 'PUT'] },
      taken: [{ method: 'POST' }],
      left: [{ method: 'GET' }],
    },
    {
      name: 'by header, alone or in a list',
      match: { kind: 'header', name: 'x-canary', value: 'yes' },
      taken: [{ headers: { 'X-Canary': 'yes' } }, { headers: { 'X-Canary': 'maybe, yes' } }],
      left: [{ headers: { 'X-Canary': 'no' } }, {}],
    },
    {
      name: 'by a header that is there',
      match: { kind: 'header', name: 'x-debug' },
      taken: [{ headers: { 'X-Debug': '0' } }],
      left: [{}],
    },
    {
      name: 'by a parameter of the query',
      match: { kind: 'query', name: 'v', value: '2' },
      taken: [{ path: '/?a=1&v=2' }, { path: '/?v=%32' }],
      left: [{ path: '/?v=3' }, { path: '/v=2' }],
    },
    {
      name: 'by what several matches together say',
      match: {
        kind: 'all',
        of: [
          {
            kind: 'any',
            of: [
              { kind: 'path', path: '/a' },
              { kind: 'path', path: '/b' },
            ],
          },
          { kind: 'not', of: { kind: 'method', methods: ['POST'] } },
        ],
      },
      taken: [{ path: '/a' }, { path: '/b' }],
      left: [{ path: '/c' }, { path: '/a', method: 'POST' }],
    },
    {
      name: "by the client's address",
      match: { kind: 'client', ranges: ['127.0.0.0/8'] },
      taken: [{}],
      left: [],
    },
  ];
  for (const { name, match, taken, left } of cases) {
    test(name, async (t) => {
      const [web, other] = await Promise.all([echoReplica('web'), echoReplica('other')]);
      t.after(() => [web, other].forEach((replica) => replica.kill()));
      const routes = [plainRoute({ id: 'it', match, action: to('other') })];
      const { port } = await listen(driver(), { pools: { web: [web], other: [other] }, routes });
      for (const request of taken) {
        const answer = await ask(port, { ...request, body: request.method === 'POST' ? 'x' : '' });
        assert.equal(echoOf(answer.body).name, 'other', JSON.stringify(request));
      }
      for (const request of left) {
        const answer = await ask(port, { ...request, body: request.method === 'POST' ? 'x' : '' });
        assert.equal(echoOf(answer.body).name, 'web', JSON.stringify(request));
      }
    });
  }

  test('a path that could be read in two ways is refused, and no replica sees it', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const routes = [plainRoute({ id: 'it', match: everything, action: to('web') })];
    const { port } = await listen(driver(), { pools: { web: [web] }, routes });
    for (const path of [
      '/a/../b',
      '/a/%2e%2e/b',
      '/a/.%2E',
      '/..%2fb',
      '/a\\..\\b',
      '/a%00',
      '/./a',
      '/a/..;/b',
    ]) {
      const text = await sendRaw(port, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      assert.equal(statusOf(text), 400, path);
    }
    for (const path of ['/a.b/..c/d..', '/a/.well-known/x', '/a%2fb', '/...']) {
      assert.equal((await ask(port, { path })).status, 200, path);
    }
  });
});

describe('a route', () => {
  test('strips its prefix, and says so to the replica', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const match: Match = { kind: 'path-prefix', prefix: '/api' };
    const routes = [plainRoute({ id: 'api', match, action: to('web'), stripPrefixes: ['/api', '/api/v1'] })];
    const { port } = await listen(driver(), { pools: { web: [web] }, routes });
    for (const [path, seen, prefix] of [
      ['/api/users?q=1', '/users?q=1', '/api'],
      ['/api', '/', '/api'],
      ['/api/v1/x', '/x', '/api/v1'],
      ['/apis', '/apis', undefined],
    ] as const) {
      const headers: Record<string, string> = prefix === undefined ? {} : { 'X-Forwarded-Prefix': '/lie' };
      const echo = echoOf((await ask(port, { path, headers })).body);
      assert.deepEqual([echo.url, echo.headers['x-forwarded-prefix']], [seen, prefix]);
    }
  });

  test('removes, sets and adds header fields, of requests and of responses', async (t) => {
    const web = await httpReplica('web-1', (incoming, outgoing) => {
      outgoing.setHeader('X-Powered-By', 'someone');
      outgoing.setHeader('Cache-Control', 'private');
      outgoing.setHeader('Set-Cookie', 'a=1');
      outgoing.end(JSON.stringify({ headers: incoming.headers }));
    });
    t.after(() => web.kill());
    const routes = [
      plainRoute({
        id: 'it',
        match: everything,
        action: to('web'),
        requestHeaders: {
          remove: ['X-Secret'],
          set: [
            { name: 'X-Env', value: 'live' },
            { name: 'Host', value: 'inner.test' },
          ],
          add: [{ name: 'X-List', value: 'b' }],
        },
        responseHeaders: {
          remove: ['x-powered-by'],
          set: [{ name: 'Cache-Control', value: 'no-store' }],
          add: [{ name: 'Set-Cookie', value: 'b=2' }],
        },
      }),
    ];
    const { port } = await listen(driver(), { pools: { web: [web] }, routes });
    const sent = { 'X-Secret': 's', 'X-Env': 'test', 'X-List': 'a', Host: 'outer.test' };
    const answer = await ask(port, { headers: sent });
    const { headers } = echoOf(answer.body);
    assert.deepEqual(
      [headers['x-secret'], headers['x-env'], headers['x-list'], headers['host']],
      [undefined, 'live', 'a, b', 'inner.test'],
    );
    assert.equal(answer.headers['x-powered-by'], undefined);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2']);
  });

  test('redirects with what the request said, and never to another host', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const routes = [
      plainRoute({
        id: 'old',
        match: { kind: 'path-prefix', prefix: '/old' },
        action: { kind: 'redirect', url: '{scheme}://{host}:{port}/new{path}{query}', status: 301 },
        stripPrefixes: ['/old'],
      }),
      plainRoute({
        id: 'plain',
        match: everything,
        action: { kind: 'redirect', url: '{path}', status: 307 },
      }),
    ];
    const { port } = await listen(driver(), { pools: { web: [web] }, routes });
    const old = await ask(port, { path: '/old/page?a=b', headers: { host: 'x.test:99' } });
    assert.deepEqual([old.status, old.headers.location], [301, `http://x.test:${port}/new/page?a=b`]);
    const plain = await ask(port, { path: '//evil.test/' });
    assert.deepEqual([plain.status, plain.headers.location], [307, '/evil.test/']);
  });

  test('shows a maintenance page with 503 and Retry-After, or an answer of its own', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const page = { contentType: 'text/html; charset=utf-8', body: '<h1>Zurück um 8</h1>' };
    const routes = [
      plainRoute({
        id: 'down',
        match: { kind: 'path', path: '/down' },
        action: { kind: 'maintenance', page, retryAfterSeconds: 120 },
      }),
      plainRoute({
        id: 'robots',
        match: { kind: 'path', path: '/robots.txt' },
        action: {
          kind: 'respond',
          status: 200,
          page: { contentType: 'text/plain', body: 'Disallow: /\n' },
          headers: [{ name: 'X-A', value: 'b' }],
        },
      }),
    ];
    const { port } = await listen(driver(), { pools: { web: [web] }, routes });
    const down = await ask(port, { path: '/down', method: 'POST', body: 'x' });
    assert.deepEqual([down.status, down.headers['retry-after'], down.body], [503, '120', page.body]);
    const robots = await ask(port, { path: '/robots.txt' });
    assert.deepEqual([robots.status, robots.headers['x-a'], robots.body], [200, 'b', 'Disallow: /\n']);
    assert.equal((await ask(port, { path: '/robots.txt', method: 'HEAD' })).headers['content-length'], '12');
    assert.equal((await ask(port, { path: '/up' })).status, 200);
  });

  test('has its own response timeout and retries, and the service keeps its own elsewhere', async (t) => {
    let asked = 0;
    const web = await httpReplica('web-1', (incoming, outgoing) => {
      asked++;
      if (incoming.url === '/slow') return;
      outgoing.end('ok');
    });
    t.after(() => web.kill());
    const routes = [
      plainRoute({
        id: 'slow',
        match: { kind: 'path', path: '/slow' },
        action: to('web'),
        responseTimeoutMs: 150,
      }),
    ];
    const { port } = await listen(driver(), { pools: { web: [web] }, routes });
    assert.equal((await ask(port, { path: '/slow' })).status, 504);
    assert.equal((await ask(port, { path: '/fast' })).body, 'ok');
    assert.equal(asked, 2);
  });

  test('has its own body limit: a declared length is 413 at once, chunks are 413 when they are too many', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const routes = [plainRoute({ id: 'it', match: everything, action: to('web'), maxBodyBytes: 10 })];
    const { port } = await listen(driver(), { pools: { web: [web] }, routes });
    assert.equal((await ask(port, { method: 'POST', body: 'x'.repeat(10) })).status, 200);
    const post = 'POST / HTTP/1.1\r\nHost: a\r\n';
    assert.equal(statusOf(await sendRaw(port, `${post}Content-Length: 11\r\n\r\n`)), 413);
    const chunks = `${post}Transfer-Encoding: chunked\r\n\r\n`;
    const ten = '5\r\nhello\r\n5\r\nworld\r\n';
    assert.equal(statusOf(await sendRaw(port, `${chunks}${ten}0\r\n\r\n`, { until: /\}/ })), 200);
    assert.equal(statusOf(await sendRaw(port, `${chunks}${ten}1\r\n!\r\n0\r\n\r\n`)), 413);
  });

  test('is changed while a connection stays open: the next request on it follows the new one', async (t) => {
    const [web, other] = await Promise.all([echoReplica('web'), echoReplica('other')]);
    t.after(() => [web, other].forEach((replica) => replica.kill()));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const listener = await listen(driver(), {
      pools: { web: [web], other: [other] },
      routes: [plainRoute({ id: 'it', match: everything, action: to('web') })],
    });
    const { port } = listener;
    assert.equal(echoOf((await ask(port, { agent })).body).name, 'web');
    await listener.change({ routes: [plainRoute({ id: 'it', match: everything, action: to('other') })] });
    const second = echoOf((await ask(port, { agent })).body);
    assert.equal(second.name, 'other');
  });
});
