import { describeChanges, type Change } from './changes.ts';
import type { Desired } from './desired.ts';
import { execute } from './execute.ts';
import { joinObservations, observeRuntimes, serviceNames, type RuntimeSnapshot } from './observe.ts';
import { indexSnapshot, type InProgress, type Observed, type OperationFailure } from './observed.ts';
import { isSteady, operationKey, type Operation, type Plan } from './plan.ts';
import { reconcile } from './reconcile.ts';
import { ReplicaHistories } from './replica-histories.ts';
import { TrafficLedger } from './traffic-ledger.ts';
import type { TrafficTable } from './traffic-table.ts';
import type { BalancerObservation } from '../balancer/balancer-driver.ts';
import { HealthMonitor } from '../health/health-monitor.ts';
import type { Replica } from '../model/replica.ts';
import type { RuntimeDriver } from '../runtime/runtime-driver.ts';
import type { Clock } from '../shared/clock.ts';
import { isTenfoldError, messageOf, TenfoldError } from '../shared/errors.ts';

export interface ControllerOptions {
  readonly desired: Desired;
  /** By service kind. */
  readonly runtimes: ReadonlyMap<string, RuntimeDriver>;
  readonly traffic: TrafficTable;
  readonly clock: Clock;
  readonly onChange: (change: Change) => void;
  /** Long steps, a line each. */
  readonly onProgress: (line: string) => void;
  /** Something failed that is no TenfoldError: a bug. The loop goes on. */
  readonly onBug: (thrown: unknown) => void;
}

/** Looked at again after this time even when no driver said that anything changed. */
const resyncMs = 5_000;
const firstRetryMs = 500;
const longestRetryMs = 30_000;
const emptyBalancer: BalancerObservation = { endpoints: [], listeners: [] };

export interface Pass {
  readonly observed: Observed;
  readonly plan: Plan;
}

/** Runs one stack: observe → reconcile → execute → observe, whenever something changed, until disposed. */
export class StackController implements AsyncDisposable {
  readonly ledger = new TrafficLedger();
  readonly #options: ControllerOptions;
  readonly #abort = new AbortController();
  readonly #health: HealthMonitor;
  readonly #histories = new ReplicaHistories();
  readonly #lastSeen = new Map<string, readonly Replica[]>();
  readonly #inProgress = new Map<Operation, InProgress>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #prepared = new Set<string>();
  readonly #condemned = new Map<string, string>();
  readonly #ourDoing = new Set<string>();
  readonly #failures = new Map<string, OperationFailure>();
  readonly #listeners = new Set<(pass: Pass) => void>();
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
      consoleOf: (replica) => this.#driverFor(replica).console,
      serviceOf: (replica) => this.#desired.stack.services[replica.service],
      onChange: () => this.wake(),
    });
    for (const driver of options.runtimes.values()) {
      driver.watch(options.desired.stack.name, () => this.wake(), this.#abort.signal);
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
    this.#failures.clear();
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

  /** A fresh look without acting on it. */
  async look(): Promise<Pass> {
    const { observed } = await this.#observe(false);
    return { observed, plan: reconcile(this.#desired, observed) };
  }

  /** Stops looking; what runs goes on running. Operations under way are left to end on their own where they can. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new TenfoldError('interrupted', 'the daemon is ending'));
    clearTimeout(this.#timer);
    await this.#running;
    await Promise.allSettled(this.#tasks);
    await this.#health[Symbol.asyncDispose]();
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
    const { observed, runtimes } = await this.#observe(true);
    if (generation !== this.#generation) return this.wake();
    this.#report(observed);
    const plan = reconcile(desired, observed);
    const isPublished = await this.#publish(plan, observed);
    if (isPublished && generation === this.#generation) {
      for (const operation of plan.operations) this.#launch(operation, observed, runtimes);
    }
    const pass = { observed, plan };
    this.#last = pass;
    for (const listener of this.#listeners) listener(pass);
    this.#lookAgainIn(Math.min(resyncMs, plan.wakeAt === undefined ? resyncMs : plan.wakeAt - observed.now));
  }

  async #observe(isPass: boolean): Promise<{ observed: Observed; runtimes: RuntimeSnapshot }> {
    const { runtimes, traffic, clock } = this.#options;
    const { signal } = this.#abort;
    const desired = this.#desired;
    const [snapshot, balancer] = await Promise.all([
      observeRuntimes(desired.stack.name, runtimes, this.#lastSeen, signal),
      traffic.observe(signal).catch((thrown: unknown) => {
        if (!isTenfoldError(thrown, 'balancer-unreachable')) throw thrown;
        return undefined;
      }),
    ]);
    const services = serviceNames(desired);
    if (isPass) {
      this.#histories.update(snapshot.replicas);
      this.#health.track(snapshot.replicas);
      if (balancer !== undefined) this.ledger.update(balancer, (id) => services.get(id));
      const present = new Set(snapshot.replicas.map(({ id }) => id));
      for (const id of this.#condemned.keys()) if (!present.has(id)) this.#condemned.delete(id);
    }
    const observed = indexSnapshot({
      now: clock.now(),
      replicas: joinObservations(
        snapshot.replicas,
        desired,
        balancer ?? emptyBalancer,
        this.#health,
        this.#histories,
      ),
      openListeners: new Set(
        balancer?.listeners
          .filter(({ id, isOpen }) => isOpen && id.startsWith(`${desired.stack.name}/`))
          .map(({ id }) => id),
      ),
      unreachable: snapshot.unreachable,
      isBalancerReachable: balancer !== undefined,
      inProgress: [...this.#inProgress.values()],
      prepared: this.#prepared,
      condemned: this.#condemned,
      failures: this.#failures,
    });
    return { observed, runtimes: snapshot };
  }

  #report(observed: Observed): void {
    const changes = describeChanges(this.#last?.observed, observed, (id) => this.#ourDoing.has(id));
    for (const change of changes) this.#options.onChange(change);
  }

  /** Puts the plan's table in force; false when that failed, and then nothing else may be begun. */
  async #publish(plan: Plan, observed: Observed): Promise<boolean> {
    const { traffic } = this.#options;
    const stackName = this.#desired.stack.name;
    if (!observed.isBalancerReachable) return true;
    try {
      if (await traffic.publish(stackName, plan.table, this.#abort.signal)) this.wake();
      return true;
    } catch (thrown) {
      if (!(thrown instanceof TenfoldError)) throw thrown;
      this.#noteFailedOpens(plan, thrown);
      const listeners = plan.table.listeners.filter(({ id }) => observed.openListeners.has(id));
      if (listeners.length < plan.table.listeners.length) {
        await traffic.publish(stackName, { ...plan.table, listeners }, this.#abort.signal);
      }
      this.wake();
      return false;
    }
  }

  #noteFailedOpens(plan: Plan, error: TenfoldError): void {
    for (const operation of plan.operations) {
      if (operation.kind === 'open') this.#noteFailure(operation, error);
    }
  }

  #launch(operation: Operation, observed: Observed, runtimes: RuntimeSnapshot): void {
    const inProgress = inProgressOf(operation);
    if (inProgress === undefined) return;
    this.#inProgress.set(operation, inProgress);
    if (operation.kind === 'stop') {
      this.#ourDoing.add(operation.replicaId);
      this.#histories.expectEnd(operation.replicaId);
      this.#condemn(operation.replicaId, operation.cause, observed);
    }
    if (operation.kind === 'start' && operation.existingId !== undefined)
      this.#ourDoing.delete(operation.existingId);
    const context = {
      desired: this.#desired,
      runtimes: this.#options.runtimes,
      replicas: new Map(runtimes.replicas.map((replica) => [replica.id, replica])),
      runtimeKinds: runtimes.runtimeKinds,
      progress: this.#options.onProgress,
    };
    const task = execute(operation, context, this.#abort.signal)
      .then(() => this.#succeeded(operation))
      .catch((thrown: unknown) => this.#failed(operation, thrown))
      .finally(() => {
        this.#inProgress.delete(operation);
        this.#tasks.delete(task);
        this.wake();
      });
    this.#tasks.add(task);
  }

  #condemn(replicaId: string, cause: string, observed: Observed): void {
    void observed;
    this.#condemned.set(replicaId, cause);
  }

  #succeeded(operation: Operation): void {
    this.#failures.delete(operationKey(operation));
    if (operation.kind !== 'prepare') return;
    for (const name of operation.services) {
      const service = this.#desired.stack.services[name];
      if (service !== undefined) this.#prepared.add(`${name}@${service.revision}`);
    }
  }

  #failed(operation: Operation, thrown: unknown): void {
    if (this.#abort.signal.aborted) return;
    if (!(thrown instanceof TenfoldError)) this.#options.onBug(thrown);
    const error =
      thrown instanceof TenfoldError
        ? thrown
        : new TenfoldError('runtime-failed', messageOf(thrown), { cause: thrown });
    this.#noteFailure(operation, error);
  }

  #noteFailure(operation: Operation, error: TenfoldError): void {
    const key = operationKey(operation);
    const attempts = (this.#failures.get(key)?.attempts ?? 0) + 1;
    const delayMs = Math.min(longestRetryMs, firstRetryMs * 2 ** (attempts - 1));
    this.#failures.set(key, { error, attempts, retryAt: this.#options.clock.now() + delayMs });
  }

  #lookAgainIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.wake(), Math.max(0, delayMs));
  }

  #driverFor(replica: Replica): RuntimeDriver {
    const kind = this.#desired.stack.services[replica.service]?.kind;
    const driver = kind === undefined ? undefined : this.#options.runtimes.get(kind);
    if (driver === undefined) throw new Error(`no runtime is set up for ${replica.instance}`);
    return driver;
  }
}

function inProgressOf(operation: Operation): InProgress | undefined {
  const base = { index: undefined, revision: undefined, replicaId: undefined };
  switch (operation.kind) {
    case 'open':
    case 'close':
    case 'enter':
    case 'drain':
      return undefined;
    case 'prepare':
      return { ...base, kind: 'prepare', service: operation.services.join(', ') };
    case 'teardown':
      return { ...base, kind: 'teardown', service: '' };
    case 'start':
      return {
        ...base,
        kind: 'start',
        service: operation.service,
        index: operation.index,
        revision: operation.revision,
        replicaId: operation.existingId,
      };
    case 'stop':
    case 'remove':
      return { ...base, kind: operation.kind, service: operation.service, replicaId: operation.replicaId };
  }
}

export { isSteady };
