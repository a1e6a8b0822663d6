import { parseArgs } from 'node:util';
import type { ProofReport } from '../src/prove/proof-report.ts';
import { describeLoad } from '../test/helpers/load-result.ts';
import { eventually } from '../test/helpers/eventually.ts';
import { withHome, type TestHome } from '../test/helpers/tenfold.ts';
import {
  scenarioRuntimes,
  writeWebStack,
  type ScenarioRuntime,
  type WebStack,
} from '../test/scenarios/web-stack.ts';

// Rollouts of a service with three replicas, there and back again, many times over, for replicas that are well behaved and
// for others. Two clients count what fails, at 200 requests/s each: `tenfold prove`, around each change, and an open loop that
// shares no code with it, from the first change to the last. Both should see nothing. A row of a Markdown table per case.

const variants = {
  graceful: {},
  'dies at once': { ON_SIGTERM: 'die' },
  'ignores SIGTERM': { ON_SIGTERM: 'ignore' },
  'starts slowly': { START_DELAY_MS: '1500' },
} as const;

const gate = { min_requests: 20, max_error_rate_increase: 0.1 };
const ways = {
  rolling: { rollout: {} },
  'blue-green': { rollout: { strategy: 'blue-green', keep: '20s', smoke: { path: '/health' } } },
  canary: { rollout: { strategy: 'canary', steps: ['20%', '100%'], gate } },
  recycle: { recycle: { max_age: '8s', jitter: '50%' } },
} as const;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    runtimes: { type: 'string', default: 'process,docker' },
    ways: { type: 'string', default: Object.keys(ways).join(',') },
    // Of which of the ways the undo is proved too.
    undo: { type: 'string', default: Object.keys(ways).join(',') },
    variants: { type: 'string', default: Object.keys(variants).join(',') },
    balancer: { type: 'string', default: 'proxy' },
  },
});
const rounds = Number(values.rounds);

console.log('| runtime | change | replicas | runs | failed, by prove | failed, by the client |');
console.log('| --- | --- | --- | --: | --: | --: |');
for (const { runtime, skip } of scenarioRuntimes) {
  if (!values.runtimes.split(',').includes(runtime)) continue;
  if (skip !== false) {
    console.log(`without ${runtime}: ${skip}`);
    continue;
  }
  for (const way of values.ways.split(','))
    for (const variant of values.variants.split(','))
      await withHome((home) => run(home, runtime, way, variant));
}

/** One case from the start of its stack to the row of the table. */
async function run(home: TestHome, runtime: ScenarioRuntime, way: string, variant: string): Promise<void> {
  const environment = { HANDLER_MS: '30', ...lookUp(variants, variant) };
  const service = {
    deploy: { replicas: 3, update_config: { monitor: '500ms' } },
    'x-tenfold': { ...lookUp(ways, way), balancer: values.balancer, start_timeout: '20s' },
  };
  const stack = await writeWebStack(home, { runtime, replicas: 3, service, environment });
  await home.change(['up', '-d']);
  await eventually(async () => {
    if ((await stack.service()).inRotation < 3) throw new Error('not all are in rotation');
  }, 20_000);
  await using load = stack.load();
  const tallies =
    way === 'recycle' ? await recycles(home, stack) : await thereAndBack(home, stack, way, environment);
  const seen = await load.stop();
  for (const [index, { change, runs, sent, failed }] of tallies.entries()) {
    const byClient = index === 0 ? `${seen.failed.length} of ${seen.sent}` : '″';
    console.log(`| ${runtime} | ${change} | ${variant} | ${runs} | ${failed} of ${sent} | ${byClient} |`);
  }
  const isClean = seen.failed.length === 0 && tallies.every(({ failed }) => failed === 0);
  if (isClean) return;
  console.error(describeLoad(seen));
  process.exitCode = 1;
}

/** What `prove` has counted over all runs of one kind of change. */
interface Tally {
  readonly change: string;
  readonly runs: number;
  readonly sent: number;
  readonly failed: number;
}

async function thereAndBack(
  home: TestHome,
  stack: WebStack,
  way: string,
  environment: Readonly<Record<string, string>>,
): Promise<readonly Tally[]> {
  const deploys: ProofReport[] = [];
  const undos: ProofReport[] = [];
  const isUndone = values.undo.split(',').includes(way);
  for (let round = 1; round <= rounds; round += 1) {
    await stack.rewrite({ ...environment, REVISION: String(round) });
    deploys.push(await prove(home, ['deploy']));
    if (isUndone) undos.push(await prove(home, ['rollout', 'undo']));
  }
  return [
    { change: way, runs: rounds, ...sum(deploys) },
    ...(isUndone ? [{ change: `undo of ${way}`, runs: rounds, ...sum(undos) }] : []),
  ];
}

/** Nobody asks for a replica to be recycled, so what is proved is a command that waits until so many were. */
async function recycles(home: TestHome, stack: WebStack): Promise<readonly Tally[]> {
  const seen = new Set<string>();
  const look = async (): Promise<number> => {
    for (const { id } of (await stack.service()).replicas) seen.add(id);
    return seen.size;
  };
  const before = await look();
  const proving = prove(home, ['sh', '-c', 'until [ -e recycled ]; do sleep 0.1; done']);
  await eventually(async () => {
    const count = (await look()) - before;
    if (count < rounds) throw new Error(`${count} of ${rounds} were recycled`);
  }, 20_000 * rounds);
  await home.write('recycled', '');
  const report = await proving;
  return [{ change: 'recycle', runs: seen.size - before, ...sum([report]) }];
}

async function prove(home: TestHome, command: readonly string[]): Promise<ProofReport> {
  const options = ['--before', '500ms', '--after', '500ms', '--post-every', '4'];
  const timeoutMs = 20_000 * rounds + 60_000;
  const proof = await home.run(['--json', 'prove', ...options, '--', ...command], { timeoutMs });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what --json prints of a proof
  const report = JSON.parse(proof.stdout) as ProofReport;
  if (!report.verdict.isGood) {
    console.error(`${command.join(' ')}: ${report.verdict.reasons.join('; ')}\n${proof.stderr}`);
    console.error(JSON.stringify(report.failures));
    process.exitCode = 1;
  }
  return report;
}

function sum(reports: readonly ProofReport[]): { readonly sent: number; readonly failed: number } {
  return {
    sent: reports.reduce((total, { requests }) => total + requests.ended, 0),
    failed: reports.reduce((total, { requests }) => total + requests.failed, 0),
  };
}

function lookUp<Value>(table: Readonly<Record<string, Value>>, name: string): Value {
  const found = table[name];
  if (found !== undefined) return found;
  throw new Error(`there is no ${name}; there are ${Object.keys(table).join(', ')}`);
}
