import { ScaledService, type ScaledStack, type ScalingOptions } from './scaled-service.ts';
import { withAutoscalePaused } from './replica-counts.ts';
import type { AutoscaleRecord } from '../../autoscale/record.ts';
import { boundsAt } from '../../autoscale/limits/schedule.ts';
import type { BalancerObservation } from '../../balancer/balancer-driver.ts';
import { poolIdsOf } from '../../controller/balanced-targets.ts';
import { TenfoldError } from '../../shared/errors.ts';
import type { AutoscaleStatus } from '../autoscale-api.ts';

export interface AutoscalerOptions extends ScalingOptions {
  /** Every stack that is looked after now. */
  readonly stacks: () => readonly ScaledStack[];
  readonly balancer: { observe(signal: AbortSignal): Promise<BalancerObservation> };
  readonly onBug: (thrown: unknown) => void;
}

/** How often it is looked whether a decision is due. */
const tickMs = 100;
const observeMs = 2_000;

interface Tracked {
  readonly stack: ScaledStack;
  readonly service: ScaledService;
  /** A decision is being made. */
  isBusy: boolean;
}

/** Scales every service of every stack that says how: one decision each interval, and at once for a request at zero. */
export class Autoscaler implements AsyncDisposable {
  readonly #options: AutoscalerOptions;
  readonly #tracked = new Map<string, Tracked>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;

  /** It decides from now on, until it is disposed of. */
  constructor(options: AutoscalerOptions) {
    this.#options = options;
    this.#running = this.#run(this.#abort.signal);
  }

  /** The balancer has news. What is at zero is woken when a request waits for it. */
  async wake(): Promise<void> {
    const asleep = [...this.#tracked].filter(([, { service }]) => service.isAsleep);
    if (asleep.length === 0) return;
    const limit = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(observeMs)]);
    const { pools } = await this.#options.balancer.observe(limit).catch(() => ({ pools: [] }));
    for (const [key, tracked] of asleep) {
      const { name, services } = tracked.stack.controller.desired.stack;
      const own = services[serviceOf(key)];
      if (own === undefined) continue;
      const ids = new Set(poolIdsOf(name, own));
      const count = pools.reduce((sum, { id, waiting }) => sum + (ids.has(id) ? waiting : 0), 0);
      if (count > 0) this.#begin(tracked, count);
    }
  }

  /** One for each service that scales by itself, of one stack or all. */
  statuses(stackName?: string): AutoscaleStatus[] {
    this.#track();
    const now = this.#options.clock.now();
    return [...this.#tracked].flatMap(([key, { stack, service }]) => {
      const { desired } = stack.controller;
      const name = serviceOf(key);
      const policy = desired.stack.services[name]?.autoscale;
      const wanted = desired.services[name];
      if (policy === undefined || (stackName !== undefined && stack.name !== stackName)) return [];
      const { min, max } = boundsAt(policy, now);
      const isRunning = wanted?.phase === 'running';
      const isPaused = wanted?.isAutoscalePaused === true;
      const mode = !isRunning ? 'stopped' : isPaused ? 'paused' : policy.isShadow ? 'shadow' : 'active';
      const { decision, nextAt } = service;
      return [
        {
          stack: stack.name,
          service: name,
          current: isRunning ? wanted.replicas : 0,
          min,
          max,
          mode,
          nextAt,
          policy,
          ...(decision !== undefined && { decision }),
        },
      ];
    });
  }

  /** Throws `unknown-service` for a service that does not scale by itself. */
  async setPaused(
    stack: ScaledStack,
    names: readonly string[] | undefined,
    isPaused: boolean,
    by: string,
  ): Promise<AutoscaleStatus[]> {
    const known = this.statuses(stack.name).map(({ service }) => service);
    const chosen = names ?? known;
    for (const name of chosen) requireScaled(name, known, stack.name);
    await stack.amend((desired) => withAutoscalePaused(desired, chosen, isPaused));
    const message = isPaused ? `the autoscaler is paused by ${by}` : `the autoscaler goes on, told by ${by}`;
    for (const service of chosen) stack.record({ kind: 'autoscale.held', service, message });
    return this.statuses(stack.name).filter(({ service }) => chosen.includes(service));
  }

  /** The decisions on one service from a time on. Throws `unknown-service`. */
  history(stack: ScaledStack, name: string, since: number): AsyncGenerator<AutoscaleRecord> {
    const tracked = this.#tracked.get(keyOf(stack.name, name));
    if (tracked === undefined) {
      const known = this.statuses(stack.name).map(({ service }) => service);
      requireScaled(name, known, stack.name);
      return this.history(stack, name, since);
    }
    return tracked.service.history.read(since);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { metrics, clock } = this.#options;
    metrics.watch((sample) => {
      const tracked = this.#tracked.get(keyOf(sample.stack, sample.service));
      tracked?.service.note(sample);
      if (tracked?.service.isAsleep === true && sample.waiting > 0) this.#begin(tracked, sample.waiting);
    }, signal);
    while (!signal.aborted) {
      this.#track();
      const now = clock.now();
      for (const tracked of this.#tracked.values())
        if (tracked.service.nextAt <= now) this.#begin(tracked, 0);
      await clock.sleep(tickMs, signal).catch(() => undefined);
    }
  }

  /** Ends once what was begun has ended. May be called again. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#running;
    // What was taken down last may not have been looked at since.
    this.#track();
    await Promise.all(this.#tasks);
  }

  #begin(tracked: Tracked, waiting: number): void {
    const { signal } = this.#abort;
    if (tracked.isBusy || signal.aborted) return;
    tracked.isBusy = true;
    const task = tracked.service
      .decide(waiting, signal)
      .catch((thrown: unknown) => {
        if (!signal.aborted) this.#options.onBug(thrown);
      })
      .finally(() => {
        tracked.isBusy = false;
        this.#tasks.delete(task);
      });
    this.#tasks.add(task);
  }

  /** Takes in what scales by itself by now, and lets go of what does not, or is gone. */
  #track(): void {
    const present = new Set<string>();
    for (const stack of this.#options.stacks()) {
      for (const { name, autoscale } of Object.values(stack.controller.desired.stack.services)) {
        if (autoscale === undefined) continue;
        const key = keyOf(stack.name, name);
        present.add(key);
        if (this.#tracked.get(key)?.stack === stack) continue;
        const service = new ScaledService(stack, name, this.#options);
        this.#tracked.set(key, { stack, service, isBusy: false });
      }
    }
    for (const [key, { service }] of this.#tracked) {
      if (present.has(key)) continue;
      this.#tracked.delete(key);
      const task = service.forget().catch(this.#options.onBug);
      this.#tasks.add(task);
      void task.finally(() => this.#tasks.delete(task));
    }
  }
}

function requireScaled(name: string, known: readonly string[], stack: string): void {
  if (known.includes(name)) return;
  throw new TenfoldError(
    'unknown-service',
    `the stack ${stack} has no service ${name} that scales by itself`,
    {
      expected: known.length === 0 ? 'a service with x-tenfold.autoscale' : `one of ${known.join(', ')}`,
      got: name,
    },
  );
}

/** Neither name holds a slash. */
function keyOf(stack: string, service: string): string {
  return `${stack}/${service}`;
}

function serviceOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}
