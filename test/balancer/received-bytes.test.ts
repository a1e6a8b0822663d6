import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createProxyDriver } from '../../src/balancer/proxy/proxy-driver.ts';
import { ask, responseTo } from '../contracts/balancer/clients.ts';
import { BalancedService, never } from '../contracts/balancer/harness.ts';
import { httpReplica } from '../contracts/balancer/replicas.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

// All connections of a worker read into the same memory; what is written on must not change while a slow receiver
// takes its time.

const bodyBytes = 3_000_000;

/** Bytes that no other seed has at any place, in steps that no buffer size divides. */
function bodyOf(seed: number): Buffer {
  const line = `${seed} is the number of this body, `.repeat(7);
  return Buffer.from(line.repeat(Math.ceil(bodyBytes / line.length)).slice(0, bodyBytes));
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function serviceOf(t: TestContext): Promise<BalancedService> {
  const folder = await temporaryFolder();
  const driver = createProxyDriver({ socketPath: join(folder.path, 'proxy.sock'), workers: 1 });
  const replica = await httpReplica('web-1', (incoming, outgoing) => {
    const seed = Number(incoming.url?.slice(1));
    if (incoming.method === 'GET') return void outgoing.end(bodyOf(seed));
    const pieces: Buffer[] = [];
    // A replica that reads at its own pace.
    incoming.on('data', (piece: Buffer) => {
      pieces.push(piece);
      incoming.pause();
      setTimeout(() => incoming.resume(), 1 + (seed % 3));
    });
    incoming.on('end', () => outgoing.end(digest(Buffer.concat(pieces))));
  });
  t.after(async () => {
    replica.kill();
    await driver.shutdown(0, never);
    await driver[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });
  return BalancedService.open(driver, [replica]);
}

/** A client that takes what has come only every few milliseconds. */
async function download(port: number, seed: number): Promise<string> {
  const outgoing = request({ host: '127.0.0.1', port, path: `/${seed}`, agent: false });
  outgoing.end();
  const response = await responseTo(outgoing);
  const pieces: Buffer[] = [];
  response.on('data', (piece: Buffer) => {
    pieces.push(piece);
    response.pause();
    setTimeout(() => response.resume(), 1 + (seed % 3));
  });
  await new Promise((resolve, reject) => response.once('end', resolve).once('error', reject));
  return digest(Buffer.concat(pieces));
}

test('bodies for many slow clients, among quick requests, arrive as they were sent', async (t) => {
  const { port } = await serviceOf(t);
  const seeds = Array.from({ length: 12 }, (_, index) => 1_000 + index);
  const [slow, quick] = await Promise.all([
    Promise.all(seeds.map((seed) => download(port, seed))),
    Promise.all(seeds.map((seed) => ask(port, { path: `/${seed + 100}` }))),
  ]);
  assert.deepEqual(
    slow,
    seeds.map((seed) => digest(bodyOf(seed))),
  );
  assert.deepEqual(
    quick.map(({ body }) => digest(Buffer.from(body))),
    seeds.map((seed) => digest(bodyOf(seed + 100))),
  );
});

test('uploads to a slow replica arrive as they were sent', async (t) => {
  const { port } = await serviceOf(t);
  const seeds = Array.from({ length: 12 }, (_, index) => 1_000 + index);
  const answers = await Promise.all(
    seeds.map((seed) => ask(port, { method: 'POST', path: `/${seed}`, body: bodyOf(seed) })),
  );
  assert.deepEqual(
    answers.map(({ body }) => body),
    seeds.map((seed) => digest(bodyOf(seed))),
  );
});
