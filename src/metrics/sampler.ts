import { poolIdsOf } from '../controller/balanced-targets.ts';
import type { StackController } from '../controller/loop.ts';
import type { BalancerObservation } from '../balancer/balancer-driver.ts';
import type { Replica } from '../model/replica.ts';
import type { ReplicaUsage, RuntimeDriver } from '../runtime/runtime-driver.ts';
import type { Clock } from '../shared/clock.ts';
import { isTenfoldError } from '../shared/errors.ts';
import { CarriedCpu } from './sample/carried-cpu.ts';
import { endpointIdsOf, joinSample } from './sample/join-sample.ts';
import type { ServiceDetail } from './sample/sample-detail.ts';
import { TrafficRecord } from './sample/traffic-record.ts';

export interface SamplerOptions {
  /** Every stack that is looked after now. */
  readonly controllers: () => readonly Pick<StackController, 'desired' | 'last'>[];
  /** By service kind. */
  readonly runtimes: ReadonlyMap<string, RuntimeDriver>;
  readonly balancer: { observe(signal: AbortSignal): Promise<BalancerObservation> };
  readonly clock: Clock;
  readonly onSample: (sample: ServiceDetail) => void;
  /** Called after the samples of one moment; the observation is undefined when the balancer did not answer. */
  readonly onRound: (time: number, observation: BalancerObservation | undefined) => void;
  readonly onBug: (thrown: unknown) => void;
}

const everyMs = 1_000;
/** A driver that does not answer for so long leaves a gap, and no queue. */
const answerMs = 5_000;

/** Takes one sample of every service about once a second, until the signal aborts. */
export async function runSampler(options: SamplerOptions, signal: AbortSignal): Promise<void> {
  const sampler = new Sampler(options);
  while (!signal.aborted) {
    const now = options.clock.now();
    try {
      await sampler.sample(now, signal);
    } catch (thrown) {
      if (!signal.aborted) options.onBug(thrown);
    }
    const pauseMs = Math.max(everyMs / 10, everyMs - (options.clock.now() - now));
    await options.clock.sleep(pauseMs, signal).catch(() => undefined);
  }
}

/** What is remembered from one sample to the next. */
export class Sampler {
  readonly #options: SamplerOptions;
  readonly #traffic = new TrafficRecord();
  readonly #cpu = new CarriedCpu();

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  async sample(now: number, signal: AbortSignal): Promise<void> {
    const stacks = this.#options
      .controllers()
      .flatMap(({ desired, last }) => (last === undefined ? [] : [{ desired, observed: last.observed }]));
    if (stacks.length === 0) return;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
    const [observation, usage] = await Promise.all([
      this.#observe(limit),
      this.#usage(
        stacks.flatMap(({ desired, observed }) =>
          observed.replicas.map(({ replica }) => ({
            replica,
            kind: desired.stack.services[replica.service]?.kind ?? '',
          })),
        ),
        limit,
      ),
    ]);
    // Without an answer counters stand still; what then grew is seen at once in the next sample.
    if (observation !== undefined) this.#traffic.update(observation);
    const [endpoints, pools] = [new Set<string>(), new Set<string>()];
    for (const { desired, observed } of stacks) {
      for (const service of Object.values(desired.stack.services)) {
        const replicas = observed.byService.get(service.name) ?? [];
        const isAbsent = desired.services[service.name]?.phase !== 'running';
        for (const id of poolIdsOf(desired.stack.name, service)) pools.add(id);
        for (const replica of replicas) for (const id of endpointIdsOf(replica, service)) endpoints.add(id);
        if (isAbsent && replicas.length === 0) continue;
        this.#options.onSample(
          joinSample({ desired, service, replicas, traffic: this.#traffic, usage }, now),
        );
      }
    }
    this.#traffic.keepOnly(endpoints, pools);
    this.#options.onRound(now, observation);
  }

  async #observe(signal: AbortSignal): Promise<BalancerObservation | undefined> {
    try {
      return await this.#options.balancer.observe(signal);
    } catch (thrown) {
      if (signal.aborted || isTenfoldError(thrown, 'balancer-unreachable')) return undefined;
      throw thrown;
    }
  }

  /** One question to each runtime, for the replicas of all stacks together. */
  async #usage(
    replicas: readonly { readonly replica: Replica; readonly kind: string }[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, ReplicaUsage>> {
    const running = replicas.filter(({ replica }) => replica.state.kind === 'running');
    const told = await Promise.all(
      [...this.#options.runtimes].map(async ([kind, driver]) => {
        const own = running.filter((each) => each.kind === kind).map(({ replica }) => replica);
        if (own.length === 0 || driver.usage === undefined) return [];
        try {
          return await driver.usage(own, signal);
        } catch (thrown) {
          if (signal.aborted || isTenfoldError(thrown)) return [];
          throw thrown;
        }
      }),
    );
    const usage = new Map(told.flat().map((each) => [each.replicaId, each]));
    const runs = new Set<string>();
    for (const { replica } of running) {
      const used = usage.get(replica.id);
      const run = `${replica.id}@${replica.state.kind === 'running' ? replica.state.startedAt : ''}`;
      runs.add(run);
      if (used?.cpuSeconds === undefined) continue;
      usage.set(replica.id, { ...used, cpuSeconds: this.#cpu.add(run, used.cpuSeconds) });
    }
    this.#cpu.keepOnly(runs);
    return usage;
  }
}
