import { parseArgs } from 'node:util';
import { compare, type FuzzTally, FramingDifference } from '../../test/balancer/security/fuzz/compare.ts';
import { NodeUpstream } from '../../test/balancer/security/fuzz/node-upstream.ts';

// Differential fuzz: whatever the balancer forwards of a mutated message, Node's own parser must frame in the same way.
//   npm run fuzz -- [--messages 1000000] [--seed 1] [--only INDEX]

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const seed = Number(values.seed);
const from = Number(values.only ?? 0);
const to = values.only === undefined ? Number(values.messages) : from + 1;
const upstream = new NodeUpstream();
const tally: FuzzTally = { messages: 0, forwarded: 0, refused: 0, incomplete: 0, unknownMethods: 0 };
const step = 50_000;
const began = performance.now();

try {
  for (let start = from; start < to; start += step) {
    await compare(seed, start, Math.min(to, start + step), upstream, tally);
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    console.log(
      `${tally.messages} messages, ${tally.forwarded} requests forwarded, ${tally.refused} messages refused, ` +
        `${tally.incomplete} incomplete, ${tally.unknownMethods} of unknown methods, no difference (seed ${seed}, ${seconds} s)`,
    );
  }
} catch (thrown) {
  if (!(thrown instanceof FramingDifference)) throw thrown;
  console.error(thrown.message);
  process.exitCode = 1;
}
