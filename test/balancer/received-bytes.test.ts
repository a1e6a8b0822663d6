import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Writable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { responseTo } from '../contracts/balancer/clients.ts';
import { BalancedService } from '../contracts/balancer/harness.ts';
import { httpReplica } from '../contracts/balancer/replicas.ts';
import { eventually } from '../helpers/eventually.ts';
import { openProxy } from './edge/open-proxy.ts';

// All connections of a worker read into the same memory. What is written on must not change while a receiver that has
// stopped reading holds it up, so here every receiver begins to read only when its sender can send no more.

/** More than the kernel keeps for both connections. */
const bodyBytes = 16_000_000;
/** Below and above the size from which a connection reads into memory of its own. */
const pieceBytes = [9_000, 20_000, 21_000, 22_000];

interface Sender {
  sentAt: number;
  readonly digest: Promise<string>;
}

/** Sends a body that differs from all others at nearly every place, piece by piece. */
function send(stream: Writable, seed: number): Sender {
  const hash = createHash('sha256');
  const run = async (): Promise<string> => {
    let sent = 0;
    for (let count = 0; sent < bodyBytes; count++) {
      const piece = Buffer.alloc(pieceBytes[count % pieceBytes.length] ?? 1, `${seed}:${count} `);
      hash.update(piece);
      sent += piece.length;
      if (!stream.write(piece)) await once(stream, 'drain');
      sender.sentAt = Date.now();
      // So that each piece is read by itself.
      await sleep(1);
    }
    stream.end();
    return hash.digest('hex');
  };
  const sender: Sender = { sentAt: Date.now(), digest: Promise.resolve().then(run) };
  return sender;
}

async function stuck(senderOf: () => Sender | undefined): Promise<void> {
  await eventually(() => {
    const sender = senderOf();
    assert.ok(sender !== undefined && Date.now() - sender.sentAt > 200, 'it is still sending');
  });
}

async function digestOf(stream: IncomingMessage): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of stream) hash.update(piece);
  return hash.digest('hex');
}

async function open(
  t: TestContext,
  answer: Parameters<typeof httpReplica>[1],
): Promise<{ readonly port: number }> {
  const proxy = await openProxy({ workers: 1 });
  const replica = await httpReplica('web-1', answer);
  t.after(async () => {
    replica.kill();
    await proxy[Symbol.asyncDispose]();
  });
  return BalancedService.open(proxy.driver, [replica]);
}

const seeds = [1, 2, 3];

test('responses arrive as they were sent, though their clients stop reading for a while', async (t) => {
  const senders = new Map<number, Sender>();
  const { port } = await open(t, (incoming, outgoing) => {
    const seed = Number(incoming.url?.slice(1));
    senders.set(seed, send(outgoing, seed));
  });
  await Promise.all(
    seeds.map(async (seed) => {
      const outgoing = request({ host: '127.0.0.1', port, path: `/${seed}`, agent: false });
      outgoing.end();
      const response = await responseTo(outgoing);
      await stuck(() => senders.get(seed));
      assert.equal(await digestOf(response), await senders.get(seed)?.digest);
    }),
  );
});

test('uploads arrive as they were sent, though the replica stops reading for a while', async (t) => {
  const senders = new Map<number, Sender>();
  const { port } = await open(t, (incoming, outgoing) => {
    const seed = Number(incoming.url?.slice(1));
    void stuck(() => senders.get(seed)).then(async () => outgoing.end(await digestOf(incoming)));
  });
  await Promise.all(
    seeds.map(async (seed) => {
      const outgoing = request({ host: '127.0.0.1', port, path: `/${seed}`, method: 'PUT', agent: false });
      const sender = send(outgoing, seed);
      senders.set(seed, sender);
      const response = await responseTo(outgoing);
      let answer = '';
      for await (const piece of response) answer += String(piece);
      assert.equal(answer, await sender.digest);
    }),
  );
});
