/**
 * What metrics cost the daemon: `node bench/metrics.ts [--replicas 200] [--seconds 60]`. A sample a second of a service whose
 * replicas are real processes that sleep, with counters and histograms that grow as under load, and the history on a real disk.
 * What the balancer says is taken apart from text each time, as it comes from the proxy. Figures, never verdicts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { BalancerObservation } from '../src/balancer/balancer-driver.ts';
import { AnswerCounts } from '../src/balancer/proxy/visibility/answers.ts';
import { startMetrics } from '../src/metrics/start-metrics.ts';
import { createMemoryDriver } from '../src/runtime/memory/memory-driver.ts';
import { createGroupUsage } from '../src/runtime/process/system/group-usage.ts';
import type { RuntimeDriver } from '../src/runtime/runtime-driver.ts';
import { systemClock } from '../src/shared/clock.ts';
import { desiredOf, memoryWorld, webService } from '../test/helpers/simulated/memory-stack.ts';
import { temporaryFolder } from '../test/helpers/temporary.ts';

const { values } = parseArgs({
  options: {
    replicas: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '60' },
    every: { type: 'string', default: '10' },
  },
});
const count = Number(values.replicas);
const requestsPerSecond = 20;
/** Processor time that went into playing the proxy, microseconds. */
let playedUs = 0;
let before = process.cpuUsage();

const processes = Array.from({ length: count }, () =>
  spawn('sleep', ['100000'], { detached: true, stdio: 'ignore' }),
);
process.on('exit', () => processes.forEach((each) => each.kill('SIGKILL')));
process.on('SIGINT', () => process.exit(130));
await Promise.all(processes.map((each) => once(each, 'spawn')));

await using folder = await temporaryFolder();
const memory = createMemoryDriver();
const runtime = { ...memory, usage: usageOf(processes) };
await using world = memoryWorld(desiredOf([webService({ replicas: count })]), runtime);
await world.steady();
const traffic = new Map(world.balancer.inRotation().map((instance) => [instance, new AnswerCounts()]));

const metrics = await startMetrics({
  controllers: () => [world.controller],
  runtimes: new Map([['process', runtime]]),
  balancer: { observe: async () => throughText(await observe()) },
  clock: systemClock,
  directory: join(folder.path, 'metrics'),
  onWarning: (line) => console.error(line),
  onBug: (bug) => console.error(bug),
});

console.log(
  `${count} replicas, one sample a second\n\n  time s  CPU % of a core  RSS MiB  window MiB  history MiB`,
);
const begun = performance.now();
for (let second = 1; second <= Number(values.seconds); second++) {
  await sleep(Math.max(0, second * 1_000 - (performance.now() - begun)));
  if (second % Number(values.every) !== 0) continue;
  const { user, system } = process.cpuUsage(before);
  before = process.cpuUsage();
  const cpu = (user + system - playedUs) / (Number(values.every) * 1e6);
  playedUs = 0;
  const history = await bytesIn(join(folder.path, 'metrics'));
  const columns = [
    second.toString().padStart(8),
    (cpu * 100).toFixed(2).padStart(15),
    mebibytes(process.memoryUsage.rss()).padStart(7),
    mebibytes(metrics.store.bytes).padStart(10),
    mebibytes(history).padStart(11),
  ];
  console.log(columns.join('  '));
}
await metrics[Symbol.asyncDispose]();
process.exit(0);

/** What the proxy would do, and is not counted here: traffic, and its figures as text. */
async function observe(): Promise<string> {
  const start = process.cpuUsage();
  for (const [instance, counts] of traffic) {
    for (let request = 0; request < requestsPerSecond; request++) {
      counts.began(200);
      counts.ended(2 ** (Math.random() * 6) + 1);
    }
    const { responses, latency } = counts.read();
    world.balancer.responses.set(instance, responses);
    world.balancer.latency.set(instance, latency);
  }
  const text = JSON.stringify(await world.balancer.observe());
  const { user, system } = process.cpuUsage(start);
  playedUs += user + system;
  return text;
}

function throughText(text: string): BalancerObservation {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as it was written a moment before
  return JSON.parse(text) as BalancerObservation;
}

function usageOf(children: readonly ChildProcess[]): NonNullable<RuntimeDriver['usage']> {
  const groupUsage = createGroupUsage();
  return async (replicas) => {
    const used = await groupUsage(children.map(({ pid }) => pid ?? 0));
    return replicas.flatMap(({ id, index }) => {
      const usage = used.get(children[index - 1]?.pid ?? 0);
      return usage === undefined
        ? []
        : [{ replicaId: id, ...usage, memoryLimitBytes: undefined, cpuLimit: undefined }];
    });
  };
}

async function bytesIn(directory: string): Promise<number> {
  const names = await readdir(directory).catch(() => []);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
