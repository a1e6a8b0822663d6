import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../test/helpers/eventually.ts';
import { clientFile, load } from './load.ts';
import { clientCore, PinnedProgram } from './pinned-program.ts';
import { cpuUsOf, pssMbOf, rssMbOf } from './process-usage.ts';
import type { Scenario } from './scenario.ts';
import type { RunningSystem, System } from './systems.ts';
import { startTenfold } from './tenfold-system.ts';
import { startUpstreams } from './upstreams.ts';

export interface Figures {
  readonly system: string;
  readonly scenario: string;
  readonly cpuUsPerRequest: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rssMb: number;
  /** Answers that were no 2xx and connections that broke, over all rounds. */
  readonly failures: number;
}

export interface RunOptions {
  readonly seconds: number;
  readonly rounds: number;
  /** Undefined: what the scenario has. */
  readonly connections: number | undefined;
  readonly nginx: string;
  readonly folder: string;
}

/** Compilers of running systems have settled after this. */
const warmUpSeconds = 2;

/**
 * Figures of each system: medians over rounds in which the systems take turns, so that what else the machine does meets all of
 * them alike. They begin in another order each round.
 */
export async function measure(
  systems: readonly System[],
  scenario: Scenario,
  options: RunOptions,
): Promise<readonly Figures[]> {
  const { folder, seconds, rounds } = options;
  const connections = options.connections ?? scenario.connections;
  await using ends = new AsyncDisposableStack();
  const upstreams = ends.use(await startUpstreams(options.nginx, folder, scenario.endpoints));
  const running: { readonly system: System; readonly process: RunningSystem; readonly samples: Figures[] }[] =
    [];
  for (const system of systems) {
    const process = ends.use(await system.start(upstreams.ports, folder));
    running.push({ system, process, samples: [] });
    await load(scenario, { port: process.port, connections, seconds: warmUpSeconds, folder });
  }
  for (let round = 0; round < rounds; round++) {
    const first = round % running.length;
    for (const { system, process, samples } of [...running.slice(first), ...running.slice(0, first)]) {
      const cpuBefore = cpuUsOf(process.pid);
      const seen = await load(scenario, { port: process.port, connections, seconds, folder });
      samples.push({
        system: system.name,
        scenario: scenario.name,
        cpuUsPerRequest: (cpuUsOf(process.pid) - cpuBefore) / seen.requests,
        requestsPerSecond: seen.perSecond,
        p50Ms: seen.p50Ms,
        p99Ms: seen.p99Ms,
        rssMb: rssMbOf(process.pid),
        failures: seen.failures,
      });
    }
  }
  return running.map(({ system, samples }) => ({
    system: system.name,
    scenario: scenario.name,
    cpuUsPerRequest: median(samples, ({ cpuUsPerRequest }) => cpuUsPerRequest),
    requestsPerSecond: median(samples, ({ requestsPerSecond }) => requestsPerSecond),
    p50Ms: median(samples, ({ p50Ms }) => p50Ms),
    p99Ms: median(samples, ({ p99Ms }) => p99Ms),
    rssMb: median(samples, ({ rssMb }) => rssMb),
    failures: samples.reduce((sum, { failures }) => sum + failures, 0),
  }));
}

/** In MiB; `heldMb` undefined: the system does not hold so many connections. */
export interface IdleMemory {
  readonly beforeMb: number;
  readonly heldMb: number | undefined;
  /** As much as `heldMb` when pages that processes share are counted once. */
  readonly heldOwnMb: number | undefined;
}

/** Memory of each system, in MiB, that holds so many idle client connections; Tenfold with one worker per core. */
export async function measureIdle(
  systems: readonly System[],
  connections: number,
  { nginx, folder }: RunOptions,
): Promise<ReadonlyMap<string, IdleMemory>> {
  const found = new Map<string, IdleMemory>();
  await using upstreams = await startUpstreams(nginx, folder, 3);
  for (const system of systems) {
    await using process =
      system.name === 'tenfold'
        ? await startTenfold(upstreams.ports, folder, availableParallelism())
        : await system.start(upstreams.ports, folder);
    const beforeMb = rssMbOf(process.pid);
    await using client = new PinnedProgram(clientCore, [
      globalThis.process.execPath,
      clientFile,
      'hold',
      String(process.port),
      String(connections),
    ]);
    const isHeld = await eventually(() => client.mustHaveSaid('held'), 30_000, 50).then(
      () => true,
      () => false,
    );
    // Buffers of the requests that each connection began with are let go meanwhile.
    await sleep(5_000);
    found.set(system.name, {
      beforeMb,
      heldMb: isHeld ? rssMbOf(process.pid) : undefined,
      heldOwnMb: isHeld ? pssMbOf(process.pid) : undefined,
    });
  }
  return found;
}

function median(samples: readonly Figures[], of: (sample: Figures) => number): number {
  const sorted = samples.map(of).toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
