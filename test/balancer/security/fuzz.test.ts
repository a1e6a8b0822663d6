import assert from 'node:assert/strict';
import { METHODS } from 'node:http';
import { describe, test } from 'node:test';
import { ask, sendRaw } from '../../contracts/balancer/clients.ts';
import { httpReplica } from '../../contracts/balancer/replicas.ts';
import { eventually } from '../../helpers/eventually.ts';
import { listen, useProxy } from '../edge/edge-harness.ts';
import { compare, type FuzzTally } from './fuzz/compare.ts';
import { forward } from './fuzz/forward.ts';
import { mutatedMessage } from './fuzz/mutate.ts';
import { NodeUpstream } from './fuzz/node-upstream.ts';
import { Random } from './fuzz/random.ts';

const driver = useProxy(1);
const messages = 20_000;
const overSockets = 300;

describe('mutated messages', () => {
  test(`${messages} of them: whatever is forwarded, Node reads as it was meant (npm run fuzz for a million)`, async () => {
    const tally: FuzzTally = { messages: 0, forwarded: 0, refused: 0, incomplete: 0, unknownMethods: 0 };
    await compare(7, 0, messages, new NodeUpstream(), tally);
    // A harness that forwards nothing, or refuses nothing, would find no difference either.
    assert.ok(tally.forwarded > messages / 10 && tally.refused > messages / 10, JSON.stringify(tally));
  });

  test(`${overSockets} of them through the running proxy: replicas get what the harness says, and nothing is lost`, async (t) => {
    let seen: string[] = [];
    const web = await httpReplica('web', (incoming, outgoing) => {
      const pieces: Buffer[] = [];
      incoming.on('error', () => {});
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      incoming.on('end', () => {
        seen.push(`${incoming.method} ${incoming.url} ${Buffer.concat(pieces).toString('latin1')}`);
        outgoing.end();
      });
    });
    t.after(() => web.kill());
    const { port } = await listen(driver(), { pools: { web: [web] }, policy: { retries: 0, maxFails: 0 } });
    for (let index = 0; index < overSockets; index++) {
      const text = mutatedMessage(new Random(index * 7919));
      const { requests } = forward(Buffer.from(text, 'latin1'), text.length + 1);
      // Node answers these by breaking off, and the proxy by closing.
      if (requests.some(({ method }) => !METHODS.includes(method))) continue;
      seen = [];
      await sendRaw(port, text, { halfClose: true });
      const whole = requests.filter(({ isComplete }) => isComplete);
      const wanted = whole.map(
        ({ method, target, content }) => `${method} ${target} ${content.toString('latin1')}`,
      );
      await eventually(() => assert.deepEqual(seen, wanted, JSON.stringify(text)));
    }
    assert.equal((await ask(port)).status, 200);
  });
});
