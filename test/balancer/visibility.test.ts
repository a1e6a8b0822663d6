import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { z } from 'zod';
import type { ProxyDriver } from '../../src/balancer/proxy/proxy-driver.ts';
import { rotateLog } from '../../src/balancer/proxy/visibility/rotate-log.ts';
import { parseTraceparent } from '../../src/balancer/proxy/visibility/trace-context.ts';
import type { BalancingPolicy } from '../../src/model/balancing.ts';
import { ask } from '../contracts/balancer/clients.ts';
import { BalancedService, deadReplica, never } from '../contracts/balancer/harness.ts';
import { httpReplica, type TestReplica } from '../contracts/balancer/replicas.ts';
import { eventually } from '../helpers/eventually.ts';
import { openProxy } from './edge/open-proxy.ts';

interface Scene {
  readonly driver: ProxyDriver;
  readonly folder: string;
  /** Heads of the requests that the replica got, newest last. */
  readonly seen: Readonly<Record<string, string | string[] | undefined>>[];
  readonly replica: TestReplica;
  readonly service: (
    policy?: Partial<BalancingPolicy>,
    replicas?: readonly TestReplica[],
  ) => Promise<BalancedService>;
}

async function open(t: TestContext): Promise<Scene> {
  const proxy = await openProxy({ workers: 2 });
  const { driver, folder } = proxy;
  const seen: Scene['seen'] = [];
  const replica = await httpReplica('web-1', (incoming, outgoing) => {
    seen.push(incoming.headers);
    outgoing.statusCode = incoming.url?.startsWith('/missing') === true ? 404 : 200;
    outgoing.end('hello');
  });
  t.after(async () => {
    replica.kill();
    await proxy[Symbol.asyncDispose]();
  });
  return {
    driver,
    folder,
    seen,
    replica,
    service: (policy = {}, replicas = [replica]) => BalancedService.open(driver, replicas, { policy }),
  };
}

const line = z.object({
  time: z.iso.datetime(),
  stack: z.string(),
  service: z.string(),
  instance: z.string().optional(),
  revision: z.string().optional(),
  method: z.string(),
  path: z.string(),
  status: z.number(),
  bytes: z.number(),
  duration_ms: z.number(),
  queue_ms: z.number().optional(),
  connect_ms: z.number().optional(),
  first_byte_ms: z.number().optional(),
  client: z.string(),
  request_id: z.string(),
  trace_id: z.string().regex(/^[0-9a-f]{32}$/),
  user_agent: z.string().optional(),
  retries: z.number(),
  failure: z.string().optional(),
});

async function linesOf(path: string): Promise<z.infer<typeof line>[]> {
  const text = await readFile(path, 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((each) => line.strict().parse(JSON.parse(each)));
}

const parentId = '00f067aa0ba902b7';
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const given = `00-${traceId}-${parentId}-01`;

describe('a trace context', () => {
  test('is read from what the W3C calls valid, and from nothing else', () => {
    assert.deepEqual(parseTraceparent(given), { traceId, spanId: parentId, isSampled: true });
    assert.equal(parseTraceparent(`00-${traceId}-${parentId}-00`)?.isSampled, false);
    assert.equal(parseTraceparent(`cc-${traceId}-${parentId}-01-more`)?.traceId, traceId);
    for (const malformed of [
      '',
      'nonsense',
      `00-${traceId}-${parentId}`,
      `00-${traceId.toUpperCase()}-${parentId}-01`,
      `00-${'0'.repeat(32)}-${parentId}-01`,
      `00-${traceId}-${'0'.repeat(16)}-01`,
      `ff-${traceId}-${parentId}-01`,
      `00-${traceId}-${parentId}-01-more`,
      `${given}, ${given}`,
    ])
      assert.equal(parseTraceparent(malformed), undefined, malformed);
  });

  test('is begun where there is none, passed on where there is, and replaced where it is malformed', async (t) => {
    const { service, seen } = await open(t);
    const { port } = await service();
    await ask(port);
    await ask(port);
    await ask(port, { headers: { traceparent: given, tracestate: 'vendor=1' } });
    await ask(port, { headers: { traceparent: 'nonsense', tracestate: 'vendor=1' } });
    const [first, second, passed, replaced] = seen;
    const begun = [first, second, replaced].map((head) => parseTraceparent(String(head?.['traceparent'])));
    assert.equal(new Set(begun.map((trace) => trace?.traceId)).size, 3);
    assert.ok(begun.every((trace) => trace?.isSampled === true));
    assert.deepEqual([passed?.['traceparent'], passed?.['tracestate']], [given, 'vendor=1']);
    assert.equal(replaced?.['tracestate'], undefined);
  });
});

describe('the access log', () => {
  test('has a line for each request, with what came of it', async (t) => {
    const { service, folder, replica, driver } = await open(t);
    const path = join(folder, 'logs', 'web.jsonl');
    const dead = await deadReplica('web-2');
    const accessLog = { path, sample: 1, maxBytes: 1 << 20, files: 1 };
    const { port } = await service({ accessLog, retries: 1, maxFails: 0, algorithm: 'round_robin' }, [
      replica,
      dead,
    ]);
    const headers = { 'user-agent': 'tester', 'x-request-id': 'mine', traceparent: given };
    for (const path of ['/?secret=1', '/missing', '/', '/']) await ask(port, { path, headers });
    const lines = await eventually(async () => {
      const found = await linesOf(path);
      assert.equal(found.length, 4);
      return found;
    });
    for (const entry of lines) {
      assert.deepEqual(
        [entry.service, entry.instance, entry.method, entry.bytes, entry.client],
        ['web', 'web-1', 'GET', 5, '127.0.0.1'],
      );
      assert.deepEqual([entry.request_id, entry.trace_id, entry.user_agent], ['mine', traceId, 'tester']);
      assert.ok(entry.duration_ms >= (entry.first_byte_ms ?? Infinity));
    }
    assert.deepEqual(lines.map(({ path, status }) => `${path} ${status}`).toSorted(), [
      '/ 200',
      '/ 200',
      '/ 200',
      '/missing 404',
    ]);
    assert.equal(
      lines.reduce((sum, { retries }) => sum + retries, 0) > 0,
      true,
      'some requests met the dead replica first',
    );
    const { figures } = await driver.observe(never);
    assert.deepEqual([figures?.logged, figures?.logDropped], [4, 0]);
  });

  test('tells why a request got no good answer', async (t) => {
    const { service, folder } = await open(t);
    const path = join(folder, 'web.jsonl');
    const accessLog = { path, sample: 1, maxBytes: 1 << 20, files: 1 };
    const { port } = await service({ accessLog }, [await deadReplica('web-2')]);
    assert.equal((await ask(port)).status, 502);
    const [entry] = await eventually(() => linesOf(path));
    assert.deepEqual([entry?.status, entry?.failure, entry?.instance], [502, 'connect', 'web-2']);
  });

  test('takes a sample of the requests', async (t) => {
    const { service, folder, driver } = await open(t);
    const path = join(folder, 'web.jsonl');
    const { port } = await service({ accessLog: { path, sample: 0.5, maxBytes: 1 << 20, files: 1 } });
    for (let count = 0; count < 200; count++) await ask(port);
    // Its workers write what is left before they end.
    await driver.shutdown(0, never);
    const logged = (await linesOf(path)).length;
    // Further off than one time in a million million.
    assert.ok(logged > 45 && logged < 155, `${logged} of 200 at one half`);
  });

  test('is moved away when it is large, and no line is lost', async (t) => {
    const { service, folder, driver } = await open(t);
    const path = join(folder, 'web.jsonl');
    const { port } = await service({ accessLog: { path, sample: 1, maxBytes: 2_000, files: 40 } });
    let asked = 0;
    const names = await eventually(async () => {
      for (let count = 0; count < 20; count++) await ask(port);
      asked += 20;
      const found = (await readdir(folder)).filter((name) => name.startsWith('web.jsonl'));
      assert.ok(found.length >= 3, found.join(', '));
      return found;
    });
    await eventually(async () => {
      const { figures } = await driver.observe(never);
      assert.equal(figures?.logged, asked);
      const present = (await readdir(folder)).filter((name) => name.startsWith('web.jsonl'));
      const counts = await Promise.all(
        present.map(async (name) => (await linesOf(join(folder, name))).length),
      );
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        asked,
      );
    });
    assert.ok(names.length >= 3);
  });

  test('keeps as many old files as it is told to', async (t) => {
    const { folder } = await open(t);
    const path = join(folder, 'web.jsonl');
    for (const text of ['one', 'two', 'three', 'four']) {
      await writeFile(path, text);
      await rotateLog(path, { path, sample: 1, maxBytes: 1, files: 2 });
    }
    assert.deepEqual((await readdir(folder)).filter((name) => name.startsWith('web')).toSorted(), [
      'web.jsonl.1',
      'web.jsonl.2',
    ]);
    assert.equal(await readFile(`${path}.1`, 'utf8'), 'four');
  });

  test('drops and counts lines that the disk does not take, while requests go on', async (t) => {
    const { service, folder, driver } = await open(t);
    await writeFile(join(folder, 'in-the-way'), '');
    const path = join(folder, 'in-the-way', 'web.jsonl');
    const { port } = await service({ accessLog: { path, sample: 1, maxBytes: 1 << 20, files: 1 } });
    for (let count = 0; count < 5; count++) assert.equal((await ask(port)).status, 200);
    await eventually(async () => assert.equal((await driver.observe(never)).figures?.logDropped, 5));
  });
});

const attribute = z.object({
  key: z.string(),
  value: z.union([
    z.strictObject({ stringValue: z.string() }),
    z.strictObject({ intValue: z.string().regex(/^-?\d+$/) }),
    z.strictObject({ doubleValue: z.number() }),
  ]),
});

/** `ExportTraceServiceRequest` of OTLP 1.x in its JSON form, as far as a collector would look. */
const exportShape = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes: z.array(attribute) }),
      scopeSpans: z.array(
        z.strictObject({
          scope: z.object({ name: z.string() }),
          spans: z.array(
            z.strictObject({
              traceId: z.string().regex(/^[0-9a-f]{32}$/),
              spanId: z.string().regex(/^[0-9a-f]{16}$/),
              parentSpanId: z
                .string()
                .regex(/^[0-9a-f]{16}$/)
                .optional(),
              name: z.string(),
              kind: z.literal(2),
              startTimeUnixNano: z.string().regex(/^\d{19}$/),
              endTimeUnixNano: z.string().regex(/^\d{19}$/),
              attributes: z.array(attribute),
              status: z.strictObject({ code: z.literal(2).optional(), message: z.string().optional() }),
            }),
          ),
        }),
      ),
    }),
  ),
});

type Span = z.infer<typeof exportShape>['resourceSpans'][number]['scopeSpans'][number]['spans'][number];

async function collector(
  t: TestContext,
  status = 200,
): Promise<{ readonly endpoint: string; readonly spans: Span[] }> {
  const spans: Span[] = [];
  const server = createServer((incoming, outgoing) => {
    let text = '';
    incoming.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    incoming.on('end', () => {
      assert.deepEqual([incoming.method, incoming.url], ['POST', '/v1/traces']);
      assert.equal(incoming.headers['content-type'], 'application/json');
      const request = exportShape.parse(JSON.parse(text));
      spans.push(
        ...request.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
      );
      outgoing.writeHead(status).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on TCP
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, spans };
}

describe('tracing', () => {
  test('sends a span of each request, a child of who sent it and the parent of what the replica does', async (t) => {
    const { service, seen } = await open(t);
    const { endpoint, spans } = await collector(t);
    const { port } = await service({ tracing: { endpoint, sample: 1 } });
    await ask(port, { path: '/missing?a=1', headers: { traceparent: given, tracestate: 'vendor=1' } });
    await ask(port);
    await eventually(() => assert.equal(spans.length, 2));
    const told = seen.map((head) => parseTraceparent(String(head['traceparent'])));
    const [child, root] = [0, 1].map((index) =>
      spans.find(({ traceId }) => traceId === told[index]?.traceId),
    );
    assert.deepEqual(
      [child?.traceId, child?.parentSpanId, child?.spanId],
      [traceId, parentId, told[0]?.spanId],
    );
    assert.equal(seen[0]?.['tracestate'], 'vendor=1');
    assert.deepEqual([root?.parentSpanId, root?.spanId], [undefined, told[1]?.spanId]);
    const attributes = new Map(child?.attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
    assert.equal(attributes.get('http.response.status_code'), '404');
    assert.equal(attributes.get('url.path'), '/missing');
    assert.equal(attributes.get('tenfold.instance'), 'web-1');
    assert.ok(BigInt(child?.endTimeUnixNano ?? 0) >= BigInt(child?.startTimeUnixNano ?? 1));
  });

  test('records what the sender of a trace wants recorded, and tells the replica what it does not record itself', async (t) => {
    const { service, seen, driver } = await open(t);
    const { endpoint, spans } = await collector(t);
    const { port } = await service({ tracing: { endpoint, sample: 0.000_001 } });
    await ask(port, { headers: { traceparent: `00-${traceId}-${parentId}-00` } });
    await ask(port);
    await ask(port, { headers: { traceparent: given } });
    await eventually(async () => assert.equal((await driver.observe(never)).figures?.spansSent, 1));
    assert.equal(spans.length, 1);
    assert.equal(seen[0]?.['traceparent'], `00-${traceId}-${parentId}-00`);
    assert.equal(parseTraceparent(String(seen[1]?.['traceparent']))?.isSampled, false);
  });

  test('counts the spans that a collector does not take, and holds no request up', async (t) => {
    const { service, driver } = await open(t);
    const { endpoint } = await collector(t, 503);
    const { port } = await service({ tracing: { endpoint, sample: 1 } });
    assert.equal((await ask(port)).status, 200);
    await eventually(async () => assert.equal((await driver.observe(never)).figures?.spansDropped, 1));
  });
});
