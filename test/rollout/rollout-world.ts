import { eventually } from '../helpers/eventually.ts';
import { desiredOf, memoryWorld, webService, type MemoryWorld } from '../helpers/simulated/memory-stack.ts';
import type { HookRunner, SmokeTester } from '../../src/controller/execute/smoke-tester.ts';
import type { Desired, DesiredService } from '../../src/controller/desired.ts';
import type { Pass } from '../../src/controller/pass.ts';
import { beginRollouts, type RolloutOptions } from '../../src/daemon/rollout/begin-rollouts.ts';
import type { ReplicaSample, ServiceSample } from '../../src/metrics/metrics-source.ts';
import type { RolloutPolicy, UpdatePolicy } from '../../src/model/rollout.ts';
import type { Service } from '../../src/model/service.ts';
import type { MemoryBehaviour, MemoryStart } from '../../src/runtime/memory/behaviour.ts';
import { createMemoryDriver } from '../../src/runtime/memory/memory-driver.ts';

export const oldRevision = 'a'.repeat(64);
export const newRevision = 'b'.repeat(64);

/** How requests fare at a revision, as the metrics will say. */
export interface Traffic {
  readonly errorRate: number;
  readonly latencyMs: number;
  /** By each replica. */
  readonly perSecond: number;
}

export interface RolloutWorldOptions {
  readonly update?: Partial<UpdatePolicy>;
  readonly rollout?: Partial<RolloutPolicy>;
  readonly service?: Partial<Service>;
  readonly others?: readonly Service[];
  readonly behaviourOf?: (start: MemoryStart) => MemoryBehaviour;
  readonly smokeTester?: SmokeTester;
  readonly hookRunner?: HookRunner;
  /** By revision; undefined: nobody measures. */
  readonly traffic?: (revision: string) => Traffic;
}

export interface RolloutWorld extends AsyncDisposable {
  readonly world: MemoryWorld;
  /** Begins to move web to the revision, as a command would. */
  deploy(revision?: string, options?: RolloutOptions, services?: readonly string[]): void;
  web(): DesiredService;
  /** Waits until nothing is left of the change and its rollouts, but an old set that is kept. */
  settled(): Promise<Pass>;
  /** Messages of the failures that were decided. */
  failures(): readonly string[];
  /** Fewest endpoints in rotation in any table since the deployment. */
  fewestInRotation(): number;
}

/** A stack with three replicas of web that run, on the memory runtime. */
export async function rolloutWorld(options: RolloutWorldOptions = {}): Promise<RolloutWorld> {
  const { behaviourOf = () => ({}), others = [], traffic, smokeTester, hookRunner } = options;
  const service = webService({ revision: oldRevision, ...options.service });
  const changed: Service = {
    ...service,
    update: { ...service.update, monitorMs: 50, ...options.update },
    rollback: { ...service.update, monitorMs: 0, failureAction: 'pause' },
    rollout: { ...service.rollout, keepMs: 60_000, ...options.rollout },
  };
  const samples = traffic === undefined ? undefined : new Samples(traffic);
  const world = memoryWorld(desiredOf([changed, ...others]), createMemoryDriver({ behaviourOf }), {
    ...(smokeTester !== undefined && { smokeTester }),
    ...(hookRunner !== undefined && { hookRunner }),
    ...(samples !== undefined && { metrics: () => samples.source(world) }),
  });
  await world.steady();
  let tablesBefore = 0;

  const web = (): DesiredService => {
    const found = world.controller.desired.services['web'];
    if (found === undefined) throw new Error('the stack has a service web');
    return found;
  };
  return {
    world,
    web,
    deploy(revision = newRevision, rollouts = {}, services = ['web']) {
      const before = world.controller.desired;
      const startedAt = Date.now();
      const about = { user: 'me', commandLine: 'tenfold deploy', startedAt };
      const stack = {
        ...before.stack,
        services: { ...before.stack.services, web: { ...changed, revision } },
      };
      const after = beginRollouts(before, { ...before, stack }, about, rollouts);
      tablesBefore = world.balancer.tables.length;
      const { change: _change, ...wayBack } = before;
      const change = {
        ...about,
        id: `change-${startedAt}`,
        command: 'deploy',
        services,
        before: wayBack,
      };
      world.controller.setDesired({ ...after, change } satisfies Desired);
    },
    settled: async () => {
      await eventually(() => {
        const { desired } = world.controller;
        if (desired.change !== undefined) throw new Error(JSON.stringify(web().rollout));
      });
      return world.controller.until(
        ({ plan, observed }) => plan.operations.length === 0 && observed.inProgress.length === 0,
        AbortSignal.timeout(10_000),
      );
    },
    failures: () => world.decisions.flatMap(({ failure }) => failure?.error.message ?? []),
    fewestInRotation: () =>
      Math.min(
        ...world.balancer.tables
          .slice(tablesBefore)
          .map(
            ({ pools }) =>
              pools
                .filter(({ service: name }) => name === 'web')
                .flatMap(({ endpoints }) => endpoints.filter(({ rotation }) => rotation === 'active')).length,
          ),
      ),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

/** Metrics of replicas in rotation, as if they had answered at their rate since their start. */
class Samples {
  readonly #traffic: (revision: string) => Traffic;

  constructor(traffic: (revision: string) => Traffic) {
    this.#traffic = traffic;
  }

  source({ controller }: MemoryWorld): {
    between: (stack: string, service: string, from: number, to: number) => readonly ServiceSample[];
  } {
    return {
      between: (stack, service, from, to) => {
        const replicas = (controller.last?.observed.byService.get(service) ?? []).map(
          ({ replica }) => replica,
        );
        const at = (time: number): ServiceSample => ({
          time,
          stack,
          service,
          desired: replicas.length,
          requests: 0,
          failed: 0,
          waiting: 0,
          waitedMs: 0,
          replicas: replicas.flatMap(({ id, instance, revision, state }) =>
            state.kind === 'running' && state.startedAt <= time
              ? [this.#sample({ id, instance, revision }, state.startedAt, time)]
              : [],
          ),
        });
        return [at(from), at(to)];
      },
    };
  }

  #sample(
    { id, instance, revision }: { readonly id: string; readonly instance: string; readonly revision: string },
    startedAt: number,
    time: number,
  ): ReplicaSample {
    const { errorRate, latencyMs, perSecond } = this.#traffic(revision);
    const requests = Math.floor(((time - startedAt) / 1000) * perSecond);
    const errors = Math.floor(requests * errorRate);
    return {
      replicaId: id,
      instance,
      revision,
      isReady: true,
      startedAt,
      cpuSeconds: undefined,
      memoryBytes: undefined,
      inFlight: 0,
      requests,
      failed: 0,
      responses: [0, requests - errors, 0, 0, errors],
      latency: {
        count: requests,
        sumMs: requests * latencyMs,
        buckets: { [Math.ceil(8 * Math.log2(latencyMs))]: requests },
      },
    };
  }
}
