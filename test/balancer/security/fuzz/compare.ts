import { METHODS } from 'node:http';
import { forward, type ForwardedRequest } from './forward.ts';
import { mutatedMessage } from './mutate.ts';
import type { NodeUpstream, ParsedRequest } from './node-upstream.ts';
import { Random } from './random.ts';

/** What became of a batch of messages. */
export interface FuzzTally {
  messages: number;
  forwarded: number;
  refused: number;
  incomplete: number;
  /** Node reads only methods that it knows, and nothing after another one. */
  unknownMethods: number;
}

/** A message that Node reads in another way than the balancer. */
export class FramingDifference extends Error {
  constructor(seed: number, index: number, text: string, why: string) {
    super(`seed ${seed}, message ${index}: ${why}\n${JSON.stringify(text)}`);
  }
}

const knownMethods = new Set(METHODS);
const sentinel = Buffer.from('GET /sentinel HTTP/1.1\r\nHost: s\r\n\r\n');
const batchSize = 64;

interface Case {
  readonly index: number;
  readonly text: string;
  readonly requests: readonly ForwardedRequest[];
}

/**
 * Mutates messages number `from` to `to` of a seed, and has Node's own parser read whatever the balancer would forward of them.
 * Throws a `FramingDifference` at the first one that it reads in another way.
 */
export async function compare(
  seed: number,
  from: number,
  to: number,
  upstream: NodeUpstream,
  tally: FuzzTally,
): Promise<void> {
  let batch: Case[] = [];
  for (let index = from; index < to; index++) {
    const random = new Random(seed + index * 2_654_435_761);
    const text = mutatedMessage(random);
    const input = Buffer.from(text, 'latin1');
    const { requests, refusal } = forward(
      input,
      random.below(3) === 0 ? 1 + random.below(40) : input.length + 1,
    );
    tally.messages++;
    tally.forwarded += requests.length;
    if (refusal !== undefined) tally.refused++;
    const whole = requests.filter(({ isComplete }) => isComplete);
    const known = whole.filter(({ method }) => knownMethods.has(method));
    const unknown = whole.find(({ method }) => !knownMethods.has(method));
    if (unknown !== undefined) {
      tally.unknownMethods++;
      await checkUnread(seed, { index, text, requests: [unknown] }, upstream);
    }
    const upgrade = known.findLast(({ offersUpgrade }) => offersUpgrade);
    // After such a request a server may take what follows for another protocol, and the balancer waits for its answer.
    if (upgrade !== undefined) await checkAlone(seed, { index, text, requests: [upgrade] }, upstream);
    const plain = known.filter((request) => request !== upgrade);
    if (plain.length > 0) batch.push({ index, text, requests: plain });
    const part = requests.find(({ isComplete }) => !isComplete);
    if (part !== undefined) {
      tally.incomplete++;
      await checkIncomplete(seed, { index, text, requests: [part] }, upstream);
    }
    if (batch.length >= batchSize) {
      await checkBatch(seed, batch, upstream);
      batch = [];
    }
  }
  await checkBatch(seed, batch, upstream);
}

/** Many messages on one connection, a sentinel after each: whoever frames otherwise shifts all that follows. */
async function checkBatch(seed: number, batch: readonly Case[], upstream: NodeUpstream): Promise<void> {
  if (batch.length === 0) return;
  upstream.reset();
  await upstream.take(
    Buffer.concat(batch.flatMap(({ requests }) => [...requests.map(({ bytes }) => bytes), sentinel])),
  );
  let position = 0;
  for (const { index, text, requests } of batch) {
    for (const request of [...requests, undefined]) {
      const parsed = upstream.complete[position++];
      const why = request === undefined ? sentinelFault(parsed) : differenceOf(request, parsed);
      if (why === undefined) continue;
      const { error = 'no error' } = upstream;
      throw new FramingDifference(seed, index, text, `${why} (${error})`);
    }
  }
  if (upstream.complete.length !== position || upstream.error !== undefined)
    throw new FramingDifference(
      seed,
      batch.at(-1)?.index ?? 0,
      '',
      `more came than was sent (${upstream.error})`,
    );
}

async function checkAlone(
  seed: number,
  { index, text, requests }: Case,
  upstream: NodeUpstream,
): Promise<void> {
  const [request] = requests;
  if (request === undefined) return;
  upstream.reset();
  await upstream.take(request.bytes);
  const why = differenceOf(request, upstream.complete[0]);
  if (why !== undefined) throw new FramingDifference(seed, index, text, why);
}

async function checkUnread(
  seed: number,
  { index, text, requests }: Case,
  upstream: NodeUpstream,
): Promise<void> {
  const [request] = requests;
  if (request === undefined) return;
  upstream.reset();
  await upstream.take(Buffer.concat([request.bytes, sentinel]));
  if (upstream.begun === 0) return;
  throw new FramingDifference(
    seed,
    index,
    text,
    `${upstream.begun} requests came of a method that is not known`,
  );
}

/** A request whose body does not end must not end for Node either. */
async function checkIncomplete(
  seed: number,
  { index, text, requests }: Case,
  upstream: NodeUpstream,
): Promise<void> {
  const [request] = requests;
  if (request === undefined || !knownMethods.has(request.method)) return;
  upstream.reset();
  await upstream.take(request.bytes);
  if (upstream.begun === 1 && upstream.complete.length === 0) return;
  // A fault in the body that the balancer found, and stopped at, may end it for Node; never may it end well.
  const why = `${upstream.begun} begun, ${upstream.complete.length} complete, where one is incomplete`;
  throw new FramingDifference(seed, index, text, why);
}

function sentinelFault(parsed: ParsedRequest | undefined): string | undefined {
  return parsed?.target === '/sentinel' ? undefined : `expected the sentinel, got ${nameOf(parsed)}`;
}

function differenceOf(request: ForwardedRequest, parsed: ParsedRequest | undefined): string | undefined {
  if (parsed === undefined) return `${request.method} ${request.target} did not come`;
  if (parsed.method !== request.method || parsed.target !== request.target)
    return `${request.method} ${request.target} came as ${nameOf(parsed)}`;
  if (!request.content.equals(parsed.content))
    return `a body of ${request.content.length} bytes came as one of ${parsed.content.length}`;
  const [sent, got] = [request.fields.join('\n'), parsed.fields.join('\n')];
  return sent === got ? undefined : `the fields ${JSON.stringify(sent)} came as ${JSON.stringify(got)}`;
}

function nameOf(parsed: ParsedRequest | undefined): string {
  return parsed === undefined ? 'nothing' : `${parsed.method} ${parsed.target}`;
}
