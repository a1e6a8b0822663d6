import type { Replica } from '../../../model/replica.ts';
import { isTenfoldError } from '../../../shared/errors.ts';
import type { ReplicaUsage } from '../../runtime-driver.ts';
import type { Engine } from '../engine/engine.ts';
import { inParallel } from '../replica/in-parallel.ts';
import { inspectContainer } from '../replica/observe.ts';
import { type CgroupFiles, findCgroup, readCgroup } from './cgroup.ts';
import { askEngine } from './engine-stats.ts';

type Limits = Pick<ReplicaUsage, 'memoryLimitBytes' | 'cpuLimit'>;

/** What holds for one run of a container. */
interface Run {
  readonly limits: Limits;
  /** Undefined: the engine has to be asked. */
  readonly files: CgroupFiles | undefined;
}

const atOnce = 8;
/** Containers that the engine is asked about in one call; the others have their turn in the next ones. */
const askedPerCall = 8;
const maxRuns = 4_096;

/** Reads the kernel's figures where they can be read from here, and asks the engine where not. */
export class ContainerUsage {
  readonly #engine: Engine;
  /** By container and the start of its run; used last at the end. */
  readonly #runs = new Map<string, Run>();
  #turn = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async of(replicas: readonly Replica[], signal: AbortSignal): Promise<readonly ReplicaUsage[]> {
    const running = replicas.flatMap((replica) =>
      replica.state.kind === 'running' && replica.pid !== undefined
        ? [{ id: replica.id, pid: replica.pid, key: `${replica.id}@${replica.state.startedAt}` }]
        : [],
    );
    const known = await inParallel(running, atOnce, async ({ id, pid, key }) => {
      const run = this.#runs.get(key) ?? (await this.#learn(id, pid, signal));
      if (run !== undefined) this.#remember(key, run);
      return run === undefined ? [] : [{ id, run }];
    });
    const [read, asked] = [
      known.flat().filter(({ run }) => run.files !== undefined),
      known.flat().filter(({ run }) => run.files === undefined),
    ];
    return (
      await Promise.all([
        inParallel(read, atOnce, async ({ id, run: { files, limits } }) => {
          const usage = files === undefined ? undefined : await readCgroup(files);
          return usage?.cpuSeconds === undefined ? [] : [{ replicaId: id, ...usage, ...limits }];
        }),
        this.#ask(asked, signal),
      ])
    ).flat(2);
  }

  #remember(key: string, run: Run): void {
    this.#runs.delete(key);
    this.#runs.set(key, run);
    const [oldest] = this.#runs.keys();
    if (this.#runs.size > maxRuns && oldest !== undefined) this.#runs.delete(oldest);
  }

  async #ask(
    containers: readonly { readonly id: string; readonly run: Run }[],
    signal: AbortSignal,
  ): Promise<readonly (readonly ReplicaUsage[])[]> {
    const count = Math.min(askedPerCall, containers.length);
    const chosen = Array.from(
      { length: count },
      (_, step) => containers[(this.#turn + step) % containers.length],
    );
    this.#turn += count;
    return inParallel(
      chosen.filter((container) => container !== undefined),
      atOnce,
      async ({ id, run }) => {
        try {
          return [{ replicaId: id, ...(await askEngine(this.#engine, id, signal)), ...run.limits }];
        } catch (thrown) {
          // Gone since, or the engine is: the next look tells.
          if (isTenfoldError(thrown)) return [];
          throw thrown;
        }
      },
    );
  }

  async #learn(id: string, pid: number, signal: AbortSignal): Promise<Run | undefined> {
    const details = await inspectContainer(this.#engine, id, signal);
    if (details === undefined) return undefined;
    const { Memory = 0, NanoCpus = 0, CpuQuota = 0, CpuPeriod = 0 } = details.HostConfig;
    const cpuLimit =
      NanoCpus > 0
        ? NanoCpus / 1e9
        : CpuQuota > 0
          ? CpuQuota / (CpuPeriod > 0 ? CpuPeriod : 100_000)
          : undefined;
    return {
      limits: { memoryLimitBytes: Memory > 0 ? Memory : undefined, cpuLimit },
      files: await findCgroup(pid, id),
    };
  }
}
