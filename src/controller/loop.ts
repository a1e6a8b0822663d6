import { describeChanges, type Change } from './changes.ts';
import type { Desired } from './desired.ts';
import { HandRemovals } from './observe/hand-removals.ts';
import {
  joinObservations,
  observeWorld,
  serviceNames,
  snapshotOf,
  type RuntimeSnapshot,
} from './observe/observe.ts';
import { indexSnapshot, type Observed } from './observed.ts';
import { OperationRunner } from './execute/operation-runner.ts';
import { Publication } from './execute/publication.ts';
import type { Pass } from './pass.ts';
import type { Plan } from './plan.ts';
import { decide, type Decision } from './progress/decide.ts';
import { reconcile } from './reconcile/reconcile.ts';
import { serviceAt } from './revisions.ts';
import { ReplicaHistories } from './observe/replica-histories.ts';
import { TrafficLedger } from './observe/traffic-ledger.ts';
import type { HookRunner, SmokeTester } from './execute/smoke-tester.ts';
import type { TrafficTable } from './execute/traffic-table.ts';
import { HealthMonitor } from '../health/health-monitor.ts';
import type { MetricsSource } from '../metrics/metrics-source.ts';
import type { Replica } from '../model/replica.ts';
import type { ReplicaConsole, RuntimeDriver } from '../runtime/runtime-driver.ts';
import type { Clock } from '../shared/clock.ts';
import { TenfoldError } from '../shared/errors.ts';

export interface ControllerOptions {
  readonly desired: Desired;
  /** By service kind. */
  readonly runtimes: ReadonlyMap<string, RuntimeDriver>;
  readonly traffic: TrafficTable;
  readonly clock: Clock;
  readonly onChange: (change: Change) => void;
  /** Long steps, a line each. */
  readonly onProgress: (line: string) => void;
  /** Somebody else removed every replica of these services: they are not wanted any more, and that is to be stored. */
  readonly onTakenDown: (services: readonly string[]) => void;
  /** Tests a new set of replicas before it takes traffic. */
  readonly smokeTester: SmokeTester;
  /** Runs the stack's own commands at moments of a rollout. */
  readonly hookRunner: HookRunner;
  /** What a new revision is judged by; without it, nothing is compared. */
  readonly metrics?: (() => Pick<MetricsSource, 'between'> | undefined) | undefined;
  /**
   * A rollout has moved on, or a change has come about or is to be undone. True when the new state is on disk and has
   * become the desired one; false leaves everything as it was, and it is decided again.
   */
  readonly onDecision: (decision: Decision, base: Desired, pass: Pass) => Promise<boolean>;
  /** Something failed that is no TenfoldError: a bug. The loop goes on. */
  readonly onBug: (thrown: unknown) => void;
}

/** Looked at again after this time even when no driver said that anything changed. */
const resyncMs = 5_000;
const firstRetryMs = 500;

/** Runs one stack: observe → reconcile → execute → observe, whenever something changed, until disposed. */
export class StackController implements AsyncDisposable {
  readonly ledger = new TrafficLedger();
  readonly #options: ControllerOptions;
  readonly #abort = new AbortController();
  readonly #health: HealthMonitor;
  readonly #histories = new ReplicaHistories();
  readonly #lastSeen = new Map<string, readonly Replica[]>();
  readonly #operations: OperationRunner;
  readonly #publication: Publication;
  readonly #handRemovals = new HandRemovals();
  readonly #listeners = new Set<(pass: Pass) => void>();
  /** Runtime of each replica that was seen last, by replica id. */
  #kinds: ReadonlyMap<string, string> = new Map();
  #desired: Desired;
  #generation = 0;
  #last: Pass | undefined;
  #isAwake = false;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#desired = options.desired;
    this.#health = new HealthMonitor({
      clock: options.clock,
      consoleOf: (replica) => this.consoleOf(replica),
      foreignListener: async (replica, port) => this.#runtimeOf(replica).foreignListener?.(replica, port),
      serviceOf: ({ service, revision }) =>
        serviceAt(this.#desired, service, revision) ?? this.#desired.stack.services[service],
      onChange: () => this.wake(),
    });
    this.#operations = new OperationRunner({
      runtimes: options.runtimes,
      smokeTester: options.smokeTester,
      hookRunner: options.hookRunner,
      histories: this.#histories,
      clock: options.clock,
      onProgress: options.onProgress,
      onBug: options.onBug,
      onEnd: () => this.wake(),
    });
    this.#publication = new Publication(options.traffic, this.#operations);
    for (const driver of options.runtimes.values()) {
      const watcher = {
        onChange: (): void => this.wake(),
        onStoppedByHand: (id: string): void => this.#handRemovals.stopped(id, options.clock.now()),
      };
      driver.watch(options.desired.stack.name, watcher, this.#abort.signal);
    }
  }

  get desired(): Desired {
    return this.#desired;
  }

  /** The last pass; undefined before the first has ended. */
  get last(): Pass | undefined {
    return this.#last;
  }

  /** Takes a new desired state, which the caller has stored, and forgets what failed under the old one. */
  setDesired(desired: Desired): void {
    this.#desired = desired;
    this.#generation += 1;
    this.#operations.beginAnew();
    this.#operations.endUnwanted(desired);
    this.#publication.beginAnew();
    this.#handRemovals.beginAnew();
    this.wake();
  }

  /** Takes the next state on the way to the same goal, which the caller has stored. */
  continueWith(desired: Desired): void {
    this.#desired = desired;
    this.#operations.endUnwanted(desired);
    this.wake();
  }

  /** Asks for a pass soon. */
  wake(): void {
    this.#isAwake = true;
    if (this.#running === undefined && !this.#abort.signal.aborted) {
      this.#running = this.#run().finally(() => {
        this.#running = undefined;
        if (this.#isAwake) this.wake();
      });
    }
  }

  /** Resolves with the first pass, from now on, that `accept` returns true for; `accept` may throw to end it. */
  until(accept: (pass: Pass) => boolean, signal: AbortSignal): Promise<Pass> {
    const { promise, resolve, reject } = Promise.withResolvers<Pass>();
    const generation = this.#generation;
    const listener = (pass: Pass): void => {
      try {
        if (this.#generation >= generation && accept(pass)) resolve(pass);
      } catch (thrown) {
        reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
      }
    };
    const abort = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    this.#listeners.add(listener);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    this.wake();
    return promise.finally(() => {
      this.#listeners.delete(listener);
      signal.removeEventListener('abort', abort);
    });
  }

  /** Logs, exec and signals of a replica that was seen. */
  consoleOf(replica: Replica): ReplicaConsole {
    return this.#runtimeOf(replica).console;
  }

  /** Stops looking; what runs goes on running. Operations under way are left to end on their own where they can. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new TenfoldError('interrupted', 'the daemon is ending'));
    clearTimeout(this.#timer);
    await this.#running;
    await this.#operations[Symbol.asyncDispose]();
    await this.#health[Symbol.asyncDispose]();
  }

  #runtimeOf(replica: Replica): RuntimeDriver {
    const kind = this.#kinds.get(replica.id) ?? this.#desired.stack.services[replica.service]?.kind ?? '';
    const driver = this.#options.runtimes.get(kind);
    if (driver === undefined) throw new Error(`no runtime is set up for ${replica.instance}`);
    return driver;
  }

  async #run(): Promise<void> {
    while (this.#isAwake && !this.#abort.signal.aborted) {
      this.#isAwake = false;
      try {
        await this.#pass();
      } catch (thrown) {
        if (this.#abort.signal.aborted) return;
        this.#options.onBug(thrown);
        this.#lookAgainIn(firstRetryMs);
      }
    }
  }

  async #pass(): Promise<void> {
    const generation = this.#generation;
    const desired = this.#desired;
    const { observed, runtimes } = await this.#observe();
    if (generation !== this.#generation) return this.wake();
    this.#report(observed);
    const takenDown = this.#handRemovals.takenDown(desired, runtimes.replicas);
    if (takenDown.length > 0) this.#options.onTakenDown(takenDown);
    const plan = reconcile(desired, observed);
    const pass = { observed, plan };
    // What changed up to here has been told: whatever comes of this pass, it is not told again.
    this.#last = pass;
    const { metrics, onDecision } = this.#options;
    const decision = decide(desired, pass, { metrics: metrics?.(), isGateOpen: false });
    const isDecided = decision.desired !== desired && (await onDecision(decision, desired, pass));
    if (isDecided || generation !== this.#generation) return this.wake();
    const isPublished = await this.#publish(plan, observed);
    if (generation !== this.#generation) this.#publication.beginAnew();
    else if (isPublished) {
      for (const operation of plan.operations) this.#operations.launch(operation, desired, runtimes);
    }
    for (const listener of this.#listeners) listener(pass);
    const wakeAt = Math.min(plan.wakeAt ?? Infinity, decision.wakeAt ?? Infinity);
    this.#lookAgainIn(Math.min(resyncMs, wakeAt - observed.now));
  }

  async #observe(): Promise<{ observed: Observed; runtimes: RuntimeSnapshot }> {
    const desired = this.#desired;
    // Taken before the runtimes are asked: a creation that ends meanwhile would else be missing from both.
    const operations = this.#operations.state();
    const world = await observeWorld(desired, this.#options, this.#lastSeen, this.#abort.signal);
    const { replicas, runtimeKinds } = world.runtimes;
    this.#kinds = runtimeKinds;
    this.#histories.update(replicas);
    this.#health.track(replicas);
    this.#handRemovals.update(replicas, (id) => this.#operations.hasStopped(id));
    this.#operations.forgetGone(replicas);
    const services = serviceNames(desired);
    if (world.balancer !== undefined) this.ledger.update(world.balancer, (id) => services.get(id));
    const joined = joinObservations(replicas, desired, world.balancer, this.#health, this.#histories);
    const observed = snapshotOf(desired, world, joined, this.#options.clock.now());
    return {
      observed: indexSnapshot({
        ...observed,
        ...operations,
        removedByHand: this.#handRemovals.counts,
        unpublished: this.#publication.unpublished,
      }),
      runtimes: world.runtimes,
    };
  }

  #report(observed: Observed): void {
    const changes = describeChanges(this.#last?.observed, observed, this.#operations);
    for (const change of changes) this.#options.onChange(change);
  }

  /** Puts the plan's table in force; false when that failed, and then nothing else may be begun. */
  async #publish(plan: Plan, observed: Observed): Promise<boolean> {
    if (!observed.isBalancerReachable) return true;
    const { unpublished } = this.#publication;
    const { isInForce, hasChanged } = await this.#publication.publish(
      plan,
      observed,
      this.#desired,
      this.#abort.signal,
    );
    // Another look tells of it, and of what is different now.
    if (hasChanged || this.#publication.unpublished !== unpublished) this.wake();
    return isInForce;
  }

  #lookAgainIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.wake(), Math.max(0, delayMs));
  }
}
