import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { translateRequest } from '../../../src/balancer/proxy/tls/http2-request.ts';
import { httpReplica, type TestReplica } from '../../contracts/balancer/replicas.ts';
import { deadReplica, never } from '../../contracts/balancer/harness.ts';
import { poolEntry, samplePolicy } from '../routing-samples.ts';
import { eventually } from '../../helpers/eventually.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import type { EdgePolicy } from '../../../src/model/edge.ts';
import {
  type EdgeListener,
  echoOf,
  echoReplica,
  edgeOf,
  listen,
  noLimits,
  useProxy,
} from '../edge/edge-harness.ts';
import { makeCertificate, type TestCertificate } from './certificates.ts';

const driver = useProxy(2);
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let certificate: TestCertificate;

before(async () => {
  folder = await temporaryFolder();
  certificate = makeCertificate(folder.path, 'h2', ['a.test']);
});
after(() => folder[Symbol.asyncDispose]());

interface Http2Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders & IncomingHttpStatusHeader;
  readonly body: string;
}

async function answerTo(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const response = new Promise<IncomingHttpHeaders & IncomingHttpStatusHeader>((resolve, reject) => {
    stream.once('response', resolve);
    stream.once('error', reject);
    stream.once('close', () => reject(new Error(`the stream ended with code ${stream.rstCode}`)));
  });
  const headers = await response;
  let body = '';
  for await (const piece of stream) body += String(piece);
  return { status: headers[':status'] ?? 0, headers, body };
}

async function ask2(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: string,
): Promise<Http2Answer> {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return answerTo(stream);
}

async function open(
  t: { after(done: () => void): void },
  replicas: readonly TestReplica[],
  policy: Partial<EdgePolicy> = {},
): Promise<{ readonly session: ClientHttp2Session; readonly listener: EdgeListener }> {
  const tls = { certificates: [certificate], minVersion: 'TLSv1.2', offersHttp2: true } as const;
  const listener = await listen(driver(), { pools: { web: replicas }, edge: edgeOf({ tls, ...policy }) });
  const session = connect(`https://127.0.0.1:${listener.port}`, { rejectUnauthorized: false });
  session.on('error', () => {});
  await once(session, 'connect');
  t.after(() => {
    session.destroy();
    for (const replica of replicas) replica.kill();
  });
  return { session, listener };
}

describe('HTTP/2', () => {
  test('reaches a replica as a request of HTTP/1.1, and its response comes back', async (t) => {
    const { session } = await open(t, [await echoReplica('web')]);
    const got = await ask2(session, { ':path': '/x?y=1', 'x-a': 'b', cookie: 'c=1; d=2' });
    const { method, url, headers } = echoOf(got.body);
    assert.deepEqual([got.status, method, url], [200, 'GET', '/x?y=1']);
    assert.deepEqual(
      [headers['x-a'], headers['cookie'], headers['x-forwarded-proto'], headers['x-forwarded-for']],
      ['b', 'c=1; d=2', 'https', '127.0.0.1'],
    );
    assert.equal(got.headers['x-served-by'], 'web');
    const posted = await ask2(session, { ':path': '/', ':method': 'POST' }, 'hello');
    assert.equal(echoOf(posted.body).body, 'hello');
    const sized = await ask2(session, { ':path': '/', ':method': 'PUT', 'content-length': '5' }, 'hello');
    assert.equal(echoOf(sized.body).headers['content-length'], '5');
  });

  test('carries many requests at once over one connection, large bodies among them', async (t) => {
    const replica = await httpReplica('web', (incoming, outgoing) => void incoming.pipe(outgoing));
    const { session } = await open(t, [replica]);
    const bodies = Array.from({ length: 30 }, (_, index) =>
      String(index).repeat(index % 5 === 0 ? 400_000 : 10),
    );
    const answers = await Promise.all(
      bodies.map((body) => ask2(session, { ':method': 'POST', ':path': '/' }, body)),
    );
    for (const [index, { body }] of answers.entries()) assert.ok(body === bodies[index], `request ${index}`);
  });

  test('knows responses without a body, and passes interim responses on', async (t) => {
    const replica = await httpReplica('web', (incoming, outgoing) => {
      if (incoming.url === '/204') outgoing.writeHead(204).end();
      else if (incoming.url === '/hints') {
        outgoing.writeEarlyHints({ link: '</a.css>; rel=preload' });
        outgoing.end('ok');
      } else outgoing.setHeader('Content-Length', 5).end('hello');
    });
    const { session } = await open(t, [replica]);
    assert.deepEqual((await ask2(session, { ':path': '/204' })).status, 204);
    const head = await ask2(session, { ':method': 'HEAD', ':path': '/' });
    assert.deepEqual([head.headers['content-length'], head.body], ['5', '']);
    const stream = session.request({ ':path': '/hints' });
    let hinted: number | undefined;
    stream.on('headers', (headers: IncomingHttpStatusHeader) => (hinted = headers[':status']));
    assert.equal((await answerTo(stream)).body, 'ok');
    assert.equal(hinted, 103);
  });

  test('passes on each event of a stream as it comes', async (t) => {
    const replica = await httpReplica('web', (_incoming, outgoing) => {
      outgoing.writeHead(200, { 'Content-Type': 'text/event-stream' });
      outgoing.write('data: 1\n\n');
    });
    const { session } = await open(t, [replica]);
    const stream = session.request({ ':path': '/' });
    const [chunk] = await once(stream, 'data');
    assert.equal(String(chunk), 'data: 1\n\n');
    stream.close();
  });

  test('is retried on another replica like any request, and counted like one', async (t) => {
    const dead = await deadReplica('dead');
    const { session } = await open(t, [dead, await echoReplica('web')]);
    for (let count = 0; count < 4; count++) assert.equal((await ask2(session, { ':path': '/' })).status, 200);
  });

  test('a response that breaks off is a stream that is reset, and the others go on', async (t) => {
    const replica = await httpReplica('web', (incoming, outgoing) => {
      if (incoming.url?.startsWith('/broken') !== true) return void outgoing.end('ok');
      outgoing.writeHead(200, incoming.url === '/broken' ? { 'Content-Length': 100 } : {});
      outgoing.write('part');
      setTimeout(() => incoming.socket.destroy(), 20);
    });
    const { session } = await open(t, [replica]);
    for (const path of ['/broken', '/broken-chunks'])
      await assert.rejects(ask2(session, { ':path': path }), /NGHTTP2_INTERNAL_ERROR/);
    assert.equal((await ask2(session, { ':path': '/' })).body, 'ok');
  });

  test('a request that is taken back is taken back from the replica', async (t) => {
    let gone = false;
    const replica = await httpReplica('web', (incoming) => void incoming.on('close', () => (gone = true)));
    const { session } = await open(t, [replica]);
    const stream = session.request({ ':path': '/' });
    stream.on('error', () => {});
    await eventually(() => assert.equal(replica.sockets.size, 1));
    stream.close(constants.NGHTTP2_CANCEL);
    await eventually(() => assert.ok(gone));
  });

  test('who takes back hundreds of requests loses the connection, and the replica hears of few', async (t) => {
    const replica = await httpReplica('web', () => {});
    const { session } = await open(t, [replica]);
    const closed = once(session, 'close');
    const storm = setInterval(() => {
      for (let count = 0; count < 50 && !session.closed && !session.destroyed; count++) {
        const stream = session.request({ ':path': '/' });
        stream.on('error', () => {});
        stream.close(constants.NGHTTP2_CANCEL);
      }
    }, 5);
    t.after(() => clearInterval(storm));
    await closed;
    clearInterval(storm);
  });

  test('obeys routes, limits and passwords as HTTP/1.1 does', async (t) => {
    const limits = { maxBodyBytes: 10 };
    const access = [{ path: '/admin', allow: ['10.0.0.0/8'], deny: [] }];
    const { session } = await open(t, [await echoReplica('web')], {
      limits: { ...noLimits, ...limits },
      access,
    });
    assert.equal((await ask2(session, { ':path': '/admin' })).status, 403);
    assert.equal((await ask2(session, { ':path': '/', ':method': 'POST' }, 'x'.repeat(11))).status, 413);
    assert.equal((await ask2(session, { ':path': '/../x' })).status, 400);
  });

  test('a connection whose listener closes is told to go away, and its request is answered', async (t) => {
    let answer = (): void => {};
    const replica = await httpReplica('web', (_incoming, outgoing) => {
      answer = () => void outgoing.end('late');
    });
    const { session } = await open(t, [replica]);
    const answered = ask2(session, { ':path': '/' });
    await eventually(() => assert.equal(replica.sockets.size, 1));
    const goaway = once(session, 'goaway');
    const pools = [poolEntry([replica.entry], { policy: samplePolicy })];
    await driver().apply({ listeners: [], pools }, never);
    await goaway;
    answer();
    assert.equal((await answered).body, 'late');
  });
});

describe('what HTTP/2 says cannot become something else in HTTP/1.1', () => {
  const plain = [':method', 'GET', ':scheme', 'https', ':path', '/', ':authority', 'a.test'];
  const cases: Record<string, readonly string[]> = {
    'H2.TE: a Transfer-Encoding': [...plain, 'transfer-encoding', 'chunked'],
    'H2.CL: two lengths': [...plain, 'content-length', '0', 'content-length', '44'],
    'H2.CL: a malformed length': [...plain, 'content-length', '+5'],
    'H2.CL: a length without a body': [...plain, 'content-length', '5'],
    'a Connection field': [...plain, 'connection', 'x-secret'],
    'an Upgrade field': [...plain, 'upgrade', 'websocket'],
    'TE that asks for more than trailers': [...plain, 'te', 'trailers, chunked'],
    'a line break in a value': [...plain, 'x-a', 'b\r\nTransfer-Encoding: chunked'],
    'a bare line feed in a value': [...plain, 'x-a', 'b\nx: y'],
    'a NUL in a value': [...plain, 'x-a', 'b\0'],
    'a blank around a value': [...plain, 'x-a', ' b'],
    'a colon in a name': [...plain, 'x: y\r\nz', 'b'],
    'an upper-case name': [...plain, 'X-A', 'b'],
    'a blank in a name': [...plain, 'content-length ', '5'],
    'a line break in the path': [
      ':method',
      'GET',
      ':scheme',
      'https',
      ':path',
      '/ HTTP/1.1\r\nX: y',
      ':authority',
      'a',
    ],
    'a path that is none': [':method', 'GET', ':scheme', 'https', ':path', 'http://b/', ':authority', 'a'],
    'an empty path': [':method', 'GET', ':scheme', 'https', ':path', '', ':authority', 'a'],
    'a blank in the method': [
      ':method',
      'GET / HTTP/1.1',
      ':scheme',
      'https',
      ':path',
      '/',
      ':authority',
      'a',
      'x y',
      'z',
    ],
    'two paths': [...plain, ':path', '/other'],
    'a pseudo-field after a field': ['x-a', 'b', ...plain],
    'an unknown pseudo-field': [...plain.slice(0, 6), ':protocol', 'websocket', ':authority', 'a'],
    'another scheme': [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'a'],
    'no authority': plain.slice(0, 6),
    'a Host that contradicts the authority': [...plain, 'host', 'b.test'],
    'two hosts': [...plain.slice(0, 6), 'host', 'a', 'host', 'a'],
  };
  for (const [name, fields] of Object.entries(cases)) {
    test(`${name}: refused`, () => assert.equal(translateRequest(fields, true), 400));
  }

  test('CONNECT is refused, also as an extension', () => {
    assert.equal(translateRequest([':method', 'CONNECT', ':authority', 'a:80'], true), 405);
  });

  test('a path that is no line of HTTP/1.1 is refused by the parser that all requests go through', async (t) => {
    const { session } = await open(t, [await echoReplica('web')]);
    assert.equal((await ask2(session, { ':path': '/a#b' })).status, 400);
    assert.equal(
      (await ask2(session, { ':path': '/', ':method': 'OPT@IONS[]' }).catch(() => ({ status: 400 }))).status,
      400,
    );
  });

  test('H2.CL: more body than was declared ends the stream, and no replica sees another request', async (t) => {
    const seen: string[] = [];
    const replica = await httpReplica('web', (incoming, outgoing) => {
      seen.push(incoming.url ?? '');
      incoming.on('error', () => {});
      incoming.resume().on('end', () => outgoing.end());
    });
    const { session, listener } = await open(t, [replica]);
    const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';
    const asked = ask2(session, { ':path': '/', ':method': 'POST', 'content-length': '4' }, `1234${hidden}`);
    await asked.catch(() => {});
    const fresh = connect(`https://127.0.0.1:${listener.port}`, { rejectUnauthorized: false });
    t.after(() => fresh.destroy());
    assert.equal((await ask2(fresh, { ':path': '/after' })).status, 200);
    assert.ok(!seen.includes('/hidden'), seen.join(' '));
  });
});
