import assert from 'node:assert/strict';
import { readdir, readFile, readlink } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { PoolEntry } from '../../../src/balancer/balancer-driver.ts';
import { isShuttingDown, reset } from '../../../src/balancer/proxy/socket/wire.ts';
import { ask } from '../../contracts/balancer/clients.ts';
import { never } from '../../contracts/balancer/harness.ts';
import { httpReplica, rawReplica } from '../../contracts/balancer/replicas.ts';
import { eventually } from '../../helpers/eventually.ts';
import { freePort } from '../../helpers/free-port.ts';
import { edgeOf } from '../edge/edge-harness.ts';
import { openProxy } from '../edge/open-proxy.ts';
import { poolEntry, samplePolicy } from '../routing-samples.ts';
import { makeCertificate } from '../tls/certificates.ts';
import { Random } from './fuzz/random.ts';

const durationMs = Number(process.env['DISORDER_SECONDS'] ?? '4') * 1_000;
const seed = Number(process.env['DISORDER_SEED'] ?? Date.now() % 100_000);

/** Answers, or does one of the things that replicas do when they go wrong. */
function unruly(roll: (bound: number) => number): RequestListener {
  return (incoming, outgoing) => {
    const { socket } = outgoing;
    const big = Buffer.alloc(roll(300_000), 'x');
    incoming.on('error', () => {});
    outgoing.on('error', () => {});
    if (socket === null) return;
    switch (roll(12)) {
      case 0:
        return reset(socket);
      case 1:
        return void socket.destroy();
      case 2:
        outgoing.writeHead(200, { 'Content-Length': big.length + 10 });
        return void outgoing.write(big, () => reset(socket));
      case 3:
        return void outgoing.write(big, () => setTimeout(() => reset(socket), roll(20)));
      case 4:
        return void socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nunbounded');
      case 5:
        return void socket.write('HTTP/1.1 200 OK\r\n\r\nunbounded', () => reset(socket));
      case 6:
        return void socket.end('HTTP/1.1 what is this\r\n\r\n');
      case 7:
        outgoing.writeHead(413, { Connection: 'close' });
        return void outgoing.end('too much', () => socket.destroySoon());
      case 8:
        return void setTimeout(() => outgoing.end(big), roll(60));
      case 9:
        incoming.pipe(outgoing);
        return;
      default:
        incoming.resume().on('end', () => outgoing.end(big));
    }
  };
}

/** Sends something over a connection of its own, and does not always wait for what comes. */
async function client(socket: Socket, raw: Socket, roll: (bound: number) => number): Promise<void> {
  const closed = new Promise((resolve) => socket.on('close', resolve));
  socket.on('error', () => {});
  const body = 'y'.repeat(roll(200_000));
  const messages = [
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n',
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length + 1}\r\n\r\n${body}`,
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    'GET / HTTP/1.0\r\n\r\n',
    'GET / HTTP/1.1\r\nHo',
    'nonsense\r\n\r\n',
    '',
  ];
  socket.write(messages[roll(messages.length)] ?? '');
  const acts = [
    () => socket.end(),
    () => socket.destroy(),
    () => setImmediate(() => (isShuttingDown(socket) ? socket.destroy() : reset(raw))),
    () => socket.pause(),
    () => socket.write('more'),
    () => {},
  ];
  if (roll(4) > 0) socket.resume();
  for (let count = roll(3); count > 0; count--) {
    if (roll(2) === 0) await sleep(roll(20));
    else await nextTurn();
    acts[roll(acts.length)]?.();
  }
  await Promise.race([closed, sleep(roll(150))]);
  socket.destroy();
  await closed;
}

async function http2Client(port: number, roll: (bound: number) => number): Promise<void> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  const closed = new Promise((resolve) => session.on('close', resolve));
  session.on('error', () => {});
  for (let count = 1 + roll(4); count > 0; count--) {
    const stream = session.request({ ':path': '/', ':method': roll(2) === 0 ? 'GET' : 'POST' });
    stream.on('error', () => {});
    if (roll(3) > 0) stream.resume();
    if (roll(2) === 0) stream.write(Buffer.alloc(roll(100_000)));
    if (roll(3) > 0) stream.end();
    if (roll(3) === 0) setTimeout(() => stream.close(roll(14)), roll(30));
  }
  if (roll(3) === 0) session.close();
  await Promise.race([closed, sleep(roll(150))]);
  session.destroy();
  await closed;
}

/** Sockets that a process and its children hold; 0 where nobody says. */
async function socketsBelow(pid: number): Promise<number> {
  if (process.platform !== 'linux') return 0;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  let count = 0;
  for (const each of [pid, ...children.split(' ').filter(Boolean).map(Number)]) {
    const folder = `/proc/${each}/fd`;
    for (const fd of await readdir(folder)) {
      const target = await readlink(join(folder, fd)).catch(() => '');
      if (target.startsWith('socket:')) count++;
    }
  }
  return count;
}

test('clients and replicas that do whatever goes wrong cost no worker, no socket and no other request', async (t) => {
  t.diagnostic(`seed ${seed}`);
  const random = new Random(seed);
  const roll = (bound: number): number => random.below(bound);
  // Who says and takes nothing any more is let go soon.
  const limits = { headTimeoutMs: 3_000, bodyTimeoutMs: 3_000, sendTimeoutMs: 3_000, keepAliveMs: 3_000 };
  const proxy = await openProxy({ workers: 2, limits });
  t.after(() => proxy[Symbol.asyncDispose]());
  const { driver, folder, logPath } = proxy;
  const unrulies = await Promise.all([1, 2, 3].map((index) => httpReplica(`web-${index}`, unruly(roll))));
  const good = await httpReplica('good', (incoming, outgoing) => {
    incoming.resume().on('end', () => outgoing.end('good'));
  });
  const raw = await rawReplica('db-1', (socket) => {
    const acts = [
      () => socket.pipe(socket),
      () => reset(socket),
      () => socket.resume().end(Buffer.alloc(roll(300_000))),
      () => setTimeout(() => reset(socket), roll(30)),
      () => socket.resume().on('end', () => socket.end('bye')),
    ];
    acts[roll(acts.length)]?.();
  });
  t.after(() => [...unrulies, good, raw].forEach((replica) => replica.kill()));

  const tls = {
    certificates: [makeCertificate(folder, 'own', ['a.test'])],
    minVersion: 'TLSv1.2',
    offersHttp2: true,
  } as const;
  const ports = {
    plain: await freePort(),
    tls: await freePort(),
    tcp: await freePort(),
    tcpTls: await freePort(),
    good: await freePort(),
  };
  const listener = { hostIp: '127.0.0.1', pool: 'web', protocol: 'http' } as const;
  const policy = { ...samplePolicy, maxFails: 0, drainTimeoutMs: 300, responseTimeoutMs: 2_000 };
  const pools = (isIn: boolean): readonly PoolEntry[] => [
    poolEntry(
      unrulies.map(({ entry }, index) => ({
        ...entry,
        rotation: index === 0 && !isIn ? 'draining' : 'active',
      })),
      { id: 'web', policy },
    ),
    poolEntry([good.entry], { id: 'good', service: 'good', policy }),
    poolEntry([raw.entry], { id: 'db', service: 'db', policy }),
  ];
  const listeners = [
    { ...listener, id: 'plain', port: ports.plain },
    { ...listener, id: 'tls', port: ports.tls, edge: edgeOf({ tls }) },
    { ...listener, id: 'tcp', port: ports.tcp, pool: 'db', protocol: 'tcp' },
    { ...listener, id: 'tcp-tls', port: ports.tcpTls, pool: 'db', protocol: 'tcp', edge: edgeOf({ tls }) },
    { ...listener, id: 'good', port: ports.good, pool: 'good' },
  ] as const;
  await driver.apply({ listeners, pools: pools(true) }, never);
  await ask(ports.good);
  const { pid } = driver;
  assert.ok(pid !== undefined);
  const before = await socketsBelow(pid);
  const until = Date.now() + durationMs;
  const overTcp = (port: number) => (): Promise<void> => {
    const socket = connectTcp(port, '127.0.0.1');
    return client(socket, socket, roll);
  };
  const overTls = (port: number) => (): Promise<void> => {
    const raw = connectTcp(port, '127.0.0.1');
    raw.on('error', () => {});
    return client(connectTls({ socket: raw, rejectUnauthorized: false }), raw, roll);
  };
  const dial: Record<string, () => Promise<void>> = {
    plain: overTcp(ports.plain),
    tls: overTls(ports.tls),
    http2: () => http2Client(ports.tls, roll),
    tcp: overTcp(ports.tcp),
    tcpTls: overTls(ports.tcpTls),
  };
  const counts: Record<string, number> = {};
  const kinds = Object.keys(dial);
  const unrest = Array.from({ length: 24 }, async () => {
    while (Date.now() < until) {
      const kind = kinds[roll(kinds.length)] ?? 'plain';
      counts[kind] = (counts[kind] ?? 0) + 1;
      await dial[kind]?.();
    }
  });
  const peace = (async () => {
    let count = 0;
    while (Date.now() < until) {
      assert.deepEqual(
        [(await ask(ports.good)).status, (await ask(ports.good, { method: 'POST', body: 'x' })).body],
        [200, 'good'],
      );
      await driver.apply({ listeners, pools: pools(count++ % 2 === 0) }, never);
      await sleep(20);
    }
    return count;
  })();
  await Promise.all(unrest);
  const tables = await peace;
  t.diagnostic(JSON.stringify({ counts, tables }));
  await eventually(async () => {
    const { endpoints, listeners: seen } = await driver.observe(never);
    assert.deepEqual(
      endpoints.map(({ inFlight }) => inFlight),
      endpoints.map(() => 0),
    );
    assert.deepEqual(
      seen.map(({ waiting }) => waiting),
      seen.map(() => 0),
    );
  });
  assert.equal(await readFile(logPath, 'utf8'), '');
  // Nothing is left but the connections to replicas that wait for further requests.
  const after = await eventually(async () => {
    const count = await socketsBelow(pid);
    assert.ok(count <= before + 12, `${count} sockets, ${before} before`);
    return count;
  });
  t.diagnostic(JSON.stringify({ before, after }));
});
