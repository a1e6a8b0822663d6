import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, test, type TestContext } from 'node:test';
import { parseAdminAddress } from '../../../src/daemon/admin/admin-address.ts';
import { adminRoutes } from '../../../src/daemon/admin/admin-routes.ts';
import { type AdminServer, serveAdmin } from '../../../src/daemon/admin/admin-server.ts';
import { metricsRoute } from '../../../src/daemon/admin/metrics-route.ts';
import type { MetricsReply } from '../../../src/daemon/metrics-api.ts';
import { MetricsHistory } from '../../../src/metrics/history/history.ts';
import { MetricsStore } from '../../../src/metrics/metrics-store.ts';
import { isTenfoldError } from '../../../src/shared/errors.ts';
import { ManualClock } from '../../helpers/simulated/manual-clock.ts';
import { latencyOf, replicaDetail, serviceDetail } from '../../metrics/samples.ts';

const now = 1_000_000;
const onBug = (bug: unknown): never => assert.fail(String(bug));

async function open(
  t: TestContext,
  proxyPid: number | undefined = 7,
): Promise<AdminServer & { ask: typeof ask }> {
  const store = new MetricsStore();
  for (const time of [now - 5_000, now]) {
    const seconds = (time - now) / 1_000 + 5;
    const first = replicaDetail(1, {
      requests: seconds * 10,
      responses: [0, seconds * 10, 0, 0, 0],
      latency: latencyOf(Array.from({ length: seconds * 10 }, () => 20)),
    });
    store.add(
      serviceDetail(time, {
        requests: seconds * 10,
        replicas: [first, replicaDetail(2, { instance: '<b>"2"' })],
      }),
    );
  }
  const figures = {
    accepted: 40,
    reading: 1,
    writing: 2,
    waiting: 3,
    logged: 0,
    logDropped: 0,
    spansSent: 0,
    spansDropped: 0,
  };
  const listener = { id: 'l', isOpen: true, requests: 99, waiting: 0, waitedMs: 0, failed: 0, failures: {} };
  const version = () => ({ version: '1.2.3', pid: 6, home: '/h', proxyPid });
  const history = new MetricsHistory({ directory: '/nowhere', onWarning: (line) => assert.fail(line) });
  const server = await serveAdmin(
    parseAdminAddress('127.0.0.1:0'),
    [
      ...adminRoutes({
        metrics: { store, observation: () => ({ endpoints: [], pools: [], listeners: [listener], figures }) },
        controllers: () => [],
        version,
      }),
      metricsRoute({ store, history }, new ManualClock(now), () => false),
    ],
    onBug,
  );
  t.after(() => server[Symbol.asyncDispose]());
  return { ...server, ask: (path, headers) => ask(path, headers, server.address) };
}

interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly body: string;
}

function ask(path: string, headers: Readonly<Record<string, string>> = {}, address = ''): Promise<Answer> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const outgoing = request({ host, port, path, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (piece: string) => (body += piece));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'], body }),
      );
    });
    outgoing.on('error', reject).end();
  });
}

describe('the admin server', () => {
  test('answers in the format that the scraper asks for', async (t) => {
    const admin = await open(t);
    const plain = await admin.ask('/metrics');
    assert.equal(plain.type, 'text/plain; version=0.0.4; charset=utf-8');
    assert.match(plain.body, /^# TYPE http_requests_total counter$/m);
    assert.match(
      plain.body,
      /^http_requests_total\{stack="demo",service="web",instance="web-1",revision="aaaaaaaaaaaa",code="2xx"\} 50$/m,
    );
    assert.match(plain.body, /^http_request_duration_seconds_bucket\{.*instance="web-1".*le="0.016"\} 0$/m);
    assert.match(
      plain.body,
      /^http_request_duration_seconds_bucket\{.*instance="web-1".*le="0.0226274"\} 50$/m,
    );
    assert.match(plain.body, /instance="<b>\\"2\\""/);
    const opened = await admin.ask('/metrics', {
      accept: 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
    });
    assert.equal(opened.type, 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    assert.match(opened.body, /^# TYPE http_requests counter$/m);
    assert.match(opened.body, /# EOF\n$/);
  });

  test('has the status text of nginx, a health check and a page that any text may stand in', async (t) => {
    const admin = await open(t);
    assert.equal(
      (await admin.ask('/stub_status')).body,
      'Active connections: 6 \nserver accepts handled requests\n 40 40 99 \nReading: 1 Writing: 2 Waiting: 3 \n',
    );
    assert.deepEqual(await admin.ask('/healthz'), {
      status: 200,
      type: 'text/plain; charset=utf-8',
      body: 'ok\n',
    });
    assert.equal((await admin.ask('/status')).status, 200);
  });

  test('is not well without a proxy', async (t) => {
    const store = new MetricsStore();
    const version = () => ({ version: '1', pid: 1, home: '/h', proxyPid: undefined });
    const metrics = { store, observation: () => undefined };
    const server = await serveAdmin(
      parseAdminAddress('127.0.0.1:0'),
      adminRoutes({ metrics, controllers: () => [], version }),
      onBug,
    );
    t.after(() => server[Symbol.asyncDispose]());
    assert.equal((await ask('/healthz', {}, server.address)).status, 503);
    assert.match((await ask('/stub_status', {}, server.address)).body, /^Active connections: 0 $/m);
  });

  test('gives the metrics of a stack over the last seconds, or their course', async (t) => {
    const admin = await open(t);
    const parse = (body: string): MetricsReply => JSON.parse(body);
    const present = parse((await admin.ask('/v1/stacks/demo/metrics')).body);
    const [point] = present.services[0]?.points ?? [];
    assert.deepEqual([point?.requestsPerSecond, point?.replicas?.length, point?.ready], [10, 2, 2]);
    assert.ok(Math.abs((point?.p95Ms ?? 0) / 20 - 1) < 0.1);
    const course = parse((await admin.ask(`/v1/stacks/demo/metrics?from=${now - 60_000}`)).body);
    assert.deepEqual(
      course.services.map(({ points }) => points.map(({ to, replicas }) => [to, replicas])),
      [[[now, undefined]]],
    );
    assert.equal((await admin.ask('/v1/stacks/other/metrics')).status, 404);
    assert.equal((await admin.ask('/v1/stacks/demo/metrics?from=yesterday')).status, 400);
  });

  for (const [what, headers, status] of [
    ['a name that is not its own', { host: 'metrics.example:80' }, 421],
    ['a malformed name', { host: 'localhost@evil.example' }, 421],
    ['a page of another origin', { origin: 'http://evil.example' }, 403],
    ['a page without an origin', { origin: 'null' }, 403],
    ['a page of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 403],
    ['a page on another port', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }, 403],
    [
      'a frame',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
      403,
    ],
    [
      'a link',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
      200,
    ],
    ['localhost', { host: 'localhost:1234' }, 200],
    ['its IPv6 name', { host: '[::1]:80' }, 200],
  ] as const) {
    test(`${status === 200 ? 'answers' : 'refuses'} ${what}`, async (t) => {
      const admin = await open(t);
      assert.equal((await admin.ask('/metrics', headers)).status, status);
    });
  }

  test('has no other paths, and says so', async (t) => {
    const admin = await open(t);
    assert.equal((await admin.ask('/v1/version')).status, 404);
    assert.equal((await admin.ask('/v1/stacks/%zz/metrics')).status, 400);
  });
});

describe('the address of the admin server', () => {
  test('is read from TENFOLD_ADMIN', () => {
    assert.deepEqual(parseAdminAddress('9000'), { host: '127.0.0.1', ports: [9000] });
    assert.deepEqual(parseAdminAddress('0.0.0.0:9000'), { host: '0.0.0.0', ports: [9000] });
    assert.deepEqual(parseAdminAddress('[::1]:9000'), { host: '::1', ports: [9000] });
    assert.equal(parseAdminAddress('off'), undefined);
    assert.equal(parseAdminAddress('')?.ports[0], 9910);
    for (const wrong of ['nonsense', 'example.com:80', '1.2.3.4', '127.0.0.1:70000'])
      assert.throws(
        () => parseAdminAddress(wrong),
        (thrown) => isTenfoldError(thrown, 'usage'),
      );
  });

  test('moves on to the next port that is free, unless it was named', async (t) => {
    const first = await serveAdmin({ host: '127.0.0.1', ports: [0] }, [], onBug);
    t.after(() => first[Symbol.asyncDispose]());
    const taken = Number(first.address?.split(':')[1]);
    const second = await serveAdmin({ host: '127.0.0.1', ports: [taken, 0] }, [], onBug);
    t.after(() => second[Symbol.asyncDispose]());
    assert.notEqual(second.address, undefined);
    assert.notEqual(second.address, first.address);
    const named = await serveAdmin({ host: '127.0.0.1', ports: [taken] }, [], onBug);
    assert.equal(named.address, undefined);
    assert.match(named.failure ?? '', /EADDRINUSE/);
  });
});
