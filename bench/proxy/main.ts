/**
 * The balancers beside each other: `npm run bench:proxy -- --help`. Everything on the loopback; each system on one core with one
 * worker, client and replicas on another. Figures, never verdicts.
 */
import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findProgram } from '../../test/helpers/parts.ts';
import { clientName } from './load.ts';
import { type Figures, measure, measureIdle, type RunOptions } from './measure.ts';
import { isPinned } from './pinned-program.ts';
import { scenarioNames, scenarios } from './scenario.ts';
import { allSystems, type System } from './systems.ts';
import { formatIdle, formatTable } from './table.ts';

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'small' },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string' },
    systems: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(`npm run bench:proxy -- [options]
  --scenario NAMES     ${scenarioNames.join(', ')}, or all; comma between several (small)
  --seconds N          of each system in each round (3)
  --rounds N           the table shows their medians (5)
  --connections N      of the client (64; 16 where bodies are large; 10000 for idle)
  --systems NAMES      only these, comma between several
  --json FILE          the figures, as an array with an entry for each system and scenario`);
  process.exit(0);
}

const asked = values.scenario === 'all' ? scenarioNames : values.scenario.split(',');
const unknown = asked.find((name) => !scenarioNames.includes(name));
if (unknown !== undefined)
  fail(`there is no scenario ${unknown}; expected ${scenarioNames.join(', ')} or all`);
const nginx = findProgram('nginx') ?? fail('nginx is not installed, and the replicas are made of it');
const connections = values.connections === undefined ? undefined : count('connections', values.connections);

const folder = await mkdtemp(join(tmpdir(), 'tenfold-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));
await run();

async function run(): Promise<void> {
  const systems = chosenSystems();
  const options: RunOptions = {
    seconds: count('seconds', values.seconds),
    rounds: count('rounds', values.rounds),
    connections,
    nginx,
    folder,
  };
  const model = cpus()[0]?.model ?? 'unknown processor';
  console.log(`${availableParallelism()} × ${model}, Linux ${release()}, node ${process.version}`);
  console.log(systems.map(({ name, version }) => `${name} ${version}`).join(', '));
  console.log(
    isPinned ? 'system on core 0, client and replicas on core 1' : 'not pinned: one core, or no taskset',
  );
  const all: Figures[] = [];
  for (const scenario of scenarios.filter(({ name }) => asked.includes(name))) {
    const figures = await measure(systems, scenario, options);
    const used = connections ?? scenario.connections;
    console.log(
      `\n${scenario.name}: ${scenario.endpoints} replicas, ${used} connections, ${clientName}, medians of ${options.rounds} × ${options.seconds} s`,
    );
    console.log(formatTable(figures));
    all.push(...figures);
  }
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(all, undefined, 2)}\n`);
  if (asked.includes('idle')) {
    const held = connections ?? 10_000;
    console.log(
      `\nidle: ${held} connections that have asked once; Tenfold with ${availableParallelism()} workers`,
    );
    console.log(formatIdle(await measureIdle(systems, held, options)));
  }
}

function chosenSystems(): readonly System[] {
  const present: System[] = [];
  for (const system of allSystems()) {
    if (typeof system === 'string') console.log(`skipped: ${system}`);
    else present.push(system);
  }
  const names = values.systems?.split(',');
  const missing = names?.find((name) => !present.some((system) => system.name === name));
  if (missing !== undefined)
    fail(`there is no system ${missing}; expected ${present.map(({ name }) => name).join(', ')}`);
  return present.filter(({ name }) => names?.includes(name) ?? true);
}

function count(option: string, text: string): number {
  const number = Number(text);
  return Number.isInteger(number) && number > 0
    ? number
    : fail(`--${option} ${text}: expected a whole number above 0`);
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
