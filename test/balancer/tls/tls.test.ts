import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cp, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { after, before, describe, test, type TestContext } from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { ask, statusOf } from '../../contracts/balancer/clients.ts';
import { never } from '../../contracts/balancer/harness.ts';
import { httpReplica, rawReplica } from '../../contracts/balancer/replicas.ts';
import { eventually } from '../../helpers/eventually.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { echoOf, echoReplica, edgeOf, listen, noLimits, useProxy } from '../edge/edge-harness.ts';
import { makeCertificate, type TestCertificate } from './certificates.ts';
import type { EdgePolicy, TlsPolicy } from '../../../src/model/edge.ts';

const driver = useProxy(2);
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let first: TestCertificate;
let second: TestCertificate;

before(async () => {
  folder = await temporaryFolder();
  first = makeCertificate(folder.path, 'first', ['a.test']);
  second = makeCertificate(folder.path, 'second', ['b.test', '*.c.test']);
});
after(() => folder[Symbol.asyncDispose]());

function tlsEdge(tls: Partial<TlsPolicy> = {}, more: Partial<EdgePolicy> = {}): EdgePolicy {
  const policy = { certificates: [first, second], minVersion: 'TLSv1.2', offersHttp2: true, ...tls } as const;
  return edgeOf({ tls: policy, ...more });
}

/** A connection after its handshake. */
async function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  // Who reads it is told; a test may not have begun to.
  socket.on('error', () => {});
  return socket;
}

async function nameShown(port: number, servername: string): Promise<string> {
  const socket = await handshake(port, { servername });
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

async function textOf(stream: Readable): Promise<string> {
  let text = '';
  for await (const piece of stream) text += String(piece);
  return text;
}

function getOverTls(port: number, options: ConnectionOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { port, host: '127.0.0.1', rejectUnauthorized: false, agent: false, ...options },
      (response) => resolve(textOf(response)),
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}

describe('TLS', () => {
  test('shows the certificate for the name, by a wildcard too, and the first one to all others', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const { port } = await listen(driver(), { pools: { web: [web] }, edge: tlsEdge() });
    assert.equal(await nameShown(port, 'a.test'), 'a.test');
    assert.equal(await nameShown(port, 'B.test'), 'b.test');
    assert.equal(await nameShown(port, 'x.c.test'), 'b.test');
    assert.equal(await nameShown(port, 'x.y.c.test'), 'a.test');
    assert.equal(await nameShown(port, ''), 'a.test');
  });

  test('carries HTTP/1.1, and tells the replica of HTTPS', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const { port } = await listen(driver(), { pools: { web: [web] }, edge: tlsEdge() });
    const { headers } = echoOf(await getOverTls(port));
    assert.deepEqual(
      [headers['x-forwarded-proto'], headers['x-forwarded-port'], headers['x-forwarded-for']],
      ['https', String(port), '127.0.0.1'],
    );
  });

  test('carries large bodies both ways', async (t) => {
    const web = await httpReplica('web', (incoming, outgoing) => {
      incoming.pipe(outgoing);
    });
    t.after(() => web.kill());
    const { port } = await listen(driver(), { pools: { web: [web] }, edge: tlsEdge() });
    const body = Buffer.alloc(3_000_000, 'abcdefgh');
    const text = await new Promise<string>((resolve, reject) => {
      const options = { port, host: '127.0.0.1', rejectUnauthorized: false, agent: false, method: 'POST' };
      const outgoing = request(options, (response) => resolve(textOf(response)));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
    assert.ok(text === body.toString());
  });

  test('speaks 1.2 and 1.3, nothing older, and only 1.3 where the policy says so', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const listener = await listen(driver(), { pools: { web: [web] }, edge: tlsEdge() });
    const versionOf = async (options: ConnectionOptions): Promise<string | null> => {
      const socket = await handshake(listener.port, options);
      const version = socket.getProtocol();
      socket.destroy();
      return version;
    };
    assert.equal(await versionOf({ maxVersion: 'TLSv1.2' }), 'TLSv1.2');
    assert.equal(await versionOf({}), 'TLSv1.3');
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await assert.rejects(versionOf(old), /protocol version|unsupported protocol|handshake failure/i);
    await listener.change({ edge: tlsEdge({ minVersion: 'TLSv1.3' }) });
    await assert.rejects(versionOf({ maxVersion: 'TLSv1.2' }), /protocol version/i);
  });

  test('takes up certificates that were replaced, keeps open connections, and refuses to change to nonsense', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const own = makeCertificate(folder.path, 'own', ['old.test']);
    const { port } = await listen(driver(), {
      pools: { web: [web] },
      edge: tlsEdge({ certificates: [own] }),
    });
    const kept = await handshake(port);
    t.after(() => kept.destroy());
    const renewed = makeCertificate(folder.path, 'renewed', ['new.test']);
    await cp(renewed.certificate, own.certificate);
    await cp(renewed.key, own.key);
    await eventually(async () => {
      for (let count = 0; count < 10; count++) assert.equal(await nameShown(port, 'x'), 'new.test');
    });
    kept.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.equal(statusOf(await textOf(kept)), 200);
    await writeFile(own.certificate, 'nonsense');
    assert.equal(await nameShown(port, 'x'), 'new.test');
  });

  test('with a certificate that is not there is refused as a whole, and nothing has changed', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const listener = await listen(driver(), { pools: { web: [web] } });
    const missing = { certificate: join(folder.path, 'none.pem'), key: first.key };
    await assert.rejects(listener.change({ edge: tlsEdge({ certificates: [missing] }) }), {
      code: 'file-not-found',
    });
    assert.equal((await ask(listener.port)).status, 200);
  });

  test('is not spoken to a client that speaks HTTP, and one that says nothing is let go', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const edge = tlsEdge({}, { limits: { ...noLimits, headTimeoutMs: 200 } });
    const { port } = await listen(driver(), { pools: { web: [web] }, edge });
    await assert.rejects(ask(port));
    const silent = connectTcp(port, '127.0.0.1');
    silent.on('error', () => {});
    await once(silent, 'close');
    assert.equal(web.accepted(), 0);
  });

  test('of a TCP listener is taken off before the bytes go on', async (t) => {
    const web = await rawReplica('web', (socket) => socket.pipe(socket));
    t.after(() => web.kill());
    const { port } = await listen(driver(), { pools: { web: [web] }, protocol: 'tcp', edge: tlsEdge() });
    const socket = await handshake(port);
    socket.end('through');
    assert.equal(await textOf(socket), 'through');
  });

  test('comes after the PROXY protocol, which names the client', async (t) => {
    const web = await echoReplica('web');
    t.after(() => web.kill());
    const edge = tlsEdge({}, { proxyProtocolFrom: ['127.0.0.1'] });
    const { port } = await listen(driver(), { pools: { web: [web] }, edge });
    const raw = connectTcp(port, '127.0.0.1');
    raw.write('PROXY TCP4 192.0.2.44 127.0.0.1 4711 443\r\n');
    const socket = connect({ socket: raw, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const text = await textOf(socket);
    assert.equal(echoOf(text.slice(text.indexOf('{'))).headers['x-forwarded-for'], '192.0.2.44');
  });

  // The others: so many that each worker has some.
  const others = async (t: TestContext, port: number): Promise<{ closed: () => number }> => {
    let closed = 0;
    for (let count = 0; count < 8; count++) {
      const socket = await handshake(port);
      socket.on('close', () => closed++);
      t.after(() => socket.removeAllListeners('close').destroy());
    }
    return { closed: () => closed };
  };

  test('tells a response that broke off from one that ended, and only that connection is lost', async (t) => {
    const web = await rawReplica('web', (socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf', () => socket.resetAndDestroy());
      });
    });
    t.after(() => web.kill());
    const { port } = await listen(driver(), { pools: { web: [web] }, edge: tlsEdge() });
    const { closed } = await others(t, port);
    for (let count = 0; count < 8; count++) {
      const socket = await handshake(port);
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await assert.rejects(textOf(socket), { code: 'ECONNRESET' });
    }
    assert.equal(closed(), 0);
  });

  test('of a TCP listener ends with a reset when no replica can be reached, and only for that client', async (t) => {
    const web = await rawReplica('web', (socket) => socket.pipe(socket));
    t.after(() => web.kill());
    const { port } = await listen(driver(), { pools: { web: [web] }, protocol: 'tcp', edge: tlsEdge() });
    const { closed } = await others(t, port);
    await eventually(() => assert.equal(web.accepted(), 8));
    web.server.close();
    for (let count = 0; count < 8; count++) {
      await assert.rejects(async () => textOf(await handshake(port)), { code: 'ECONNRESET' });
    }
    assert.equal(closed(), 0);
  });

  test('of a TCP listener without a replica costs each client its connection, and no worker', async () => {
    const { port } = await listen(driver(), { pools: { web: [] }, protocol: 'tcp', edge: tlsEdge() });
    for (let count = 0; count < 20; count++)
      await assert.rejects(async () => textOf(await handshake(port)), { code: 'ECONNRESET' });
    const { listeners } = await driver().observe(never);
    assert.deepEqual(
      listeners.map(({ failures }) => failures),
      [{ 'no-endpoint': 20 }],
    );
  });
});
