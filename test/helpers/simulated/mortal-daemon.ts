import assert from 'node:assert/strict';
import { join } from 'node:path';
import { MemoryBalancer } from './memory-balancer.ts';
import type { BalancerDriver, RoutingTable } from '../../../src/balancer/balancer-driver.ts';
import type { Desired } from '../../../src/controller/desired.ts';
import { isSteady } from '../../../src/controller/plan.ts';
import { TrafficTable } from '../../../src/controller/execute/traffic-table.ts';
import { Journal } from '../../../src/daemon/state/journal.ts';
import { StackStore } from '../../../src/daemon/state/stack-store.ts';
import { StackRegistry } from '../../../src/daemon/stack/stack-registry.ts';
import type { MemoryDriverOptions } from '../../../src/runtime/memory/memory-driver.ts';
import { createMemoryDriver } from '../../../src/runtime/memory/memory-driver.ts';
import type { Replica } from '../../../src/model/replica.ts';
import type { RuntimeDriver } from '../../../src/runtime/runtime-driver.ts';
import { systemClock } from '../../../src/shared/clock.ts';

const never = new AbortController().signal;
const forever = new Promise<never>(() => {});

/** At which of the calls that change something a daemon is killed: before the call is made, or before its answer is heard. */
export interface Death {
  readonly atCall: number;
  readonly moment: 'before' | 'after';
}

/** The life of one daemon, as seen from outside: its calls take effect until it is killed, and none does afterwards. */
export class Life {
  readonly calls: string[] = [];
  readonly #death: Death | undefined;
  readonly #ended = Promise.withResolvers<string>();
  #isOver = false;

  constructor(death?: Death) {
    this.#death = death;
  }

  /** Resolves with the call at which it was killed. */
  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  /** A call that changes something. */
  async act<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#isOver) return forever;
    const isFatal = this.calls.push(name) === this.#death?.atCall;
    if (isFatal && this.#death?.moment === 'before') return this.#end(name);
    const result = await work();
    if (this.#isOver) return forever;
    return isFatal ? this.#end(name) : result;
  }

  /** A call that only looks. */
  async look<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#isOver) return forever;
    const result = await work();
    return this.#isOver ? forever : result;
  }

  #end(name: string): Promise<never> {
    this.#isOver = true;
    this.#ended.resolve(name);
    return forever;
  }
}

/** One daemon of the world. Disposing of it does not wait for what hangs in one that was killed. */
export interface MortalDaemon extends AsyncDisposable {
  readonly registry: StackRegistry;
  readonly life: Life;
}

export interface WorldRules {
  /** At least so many endpoints stand active in every table; asked again for each one. */
  readonly leastActive?: () => number;
  /** At most so many replicas run at any time, beside those that the balancer lets drain. */
  readonly mostRunning?: () => number;
  /** At most so many run, whatever becomes of them. */
  readonly mostAtAll?: () => number;
}

/**
 * Pretended replicas, a pretended balancer and a real state folder, which outlive every daemon that works on them. It
 * watches what daemons do: nothing is stopped that takes requests, and nothing that does not run is given any.
 */
export class MortalWorld {
  readonly balancer = new MemoryBalancer();
  readonly violations: string[] = [];
  readonly bugs: unknown[] = [];
  rules: WorldRules = {};
  readonly #runtime: RuntimeDriver;
  readonly #directory: string;

  constructor(directory: string, behaviour: MemoryDriverOptions['behaviourOf'] = () => ({})) {
    this.#directory = directory;
    this.#runtime = createMemoryDriver({ behaviourOf: behaviour });
  }

  replicas(): Promise<readonly Replica[]> {
    return this.#runtime.observe('demo', never);
  }

  /** The desired state that is on disk. */
  async stored(): Promise<Desired | undefined> {
    return (await new StackStore(this.#directory).load()).find(({ stack }) => stack.name === 'demo');
  }

  /** Starts a daemon, which carries on with what is on disk. */
  async startDaemon(death?: Death): Promise<MortalDaemon> {
    const life = new Life(death);
    const journal = new Journal(join(this.#directory, 'journal.log'), (thrown) => this.bugs.push(thrown));
    const traffic = new TrafficTable(this.#balancerFor(life));
    const store = new MortalStore(this.#directory, life);
    const registry = new StackRegistry({
      runtimes: new Map([['process', this.#runtimeFor(life)]]),
      traffic,
      clock: systemClock,
      store,
      journal,
      onBug: (thrown) => this.bugs.push(thrown),
      whyNoAmbassadors: () => undefined,
      smokeTester: () => Promise.resolve(),
      hookRunner: () => Promise.resolve(),
    });
    await traffic.adopt(never);
    for (const desired of await store.load()) registry.adopt(desired);
    return {
      registry,
      life,
      async [Symbol.asyncDispose]() {
        const disposed = registry[Symbol.asyncDispose]();
        await Promise.race([disposed, life.ended]);
        await journal[Symbol.asyncDispose]();
      },
    };
  }

  #runtimeFor(life: Life): RuntimeDriver {
    const runtime = this.#runtime;
    return {
      ...runtime,
      name: runtime.name,
      console: runtime.console,
      observe: (...args) => life.look(() => runtime.observe(...args)),
      prepare: (...args) => life.act('prepare', () => runtime.prepare(...args)),
      start: (spec, signal) =>
        life.act(`start ${spec.service.name}-${spec.index}`, async () => {
          const replica = await runtime.start(spec, signal);
          await this.#checkRunning();
          return replica;
        }),
      stop: (replica, options, signal) =>
        life.act(`stop ${replica.instance}`, () => {
          this.#checkIdle(replica);
          return runtime.stop(replica, options, signal);
        }),
      remove: (replica, signal) =>
        life.act(`remove ${replica.instance}`, () => runtime.remove(replica, signal)),
      teardown: (...args) => life.act('teardown', () => runtime.teardown(...args)),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  #balancerFor(life: Life): BalancerDriver {
    const { balancer } = this;
    return {
      name: balancer.name,
      apply: (table) =>
        life.act('apply', async () => {
          await this.#checkTable(table);
          await balancer.apply(table);
        }),
      table: () => life.look(() => balancer.table()),
      observe: () => life.look(() => balancer.observe()),
      watch: (onChange, signal) => balancer.watch(onChange, signal),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  async #checkTable(table: RoutingTable): Promise<void> {
    const running = await this.#runningIds();
    const active = table.pools.flatMap(({ endpoints }) =>
      endpoints.filter(({ rotation }) => rotation === 'active'),
    );
    for (const { id, instance } of active) {
      if (!running.has(id.split('@')[0] ?? ''))
        this.violations.push(`${instance} is given requests and does not run`);
    }
    const least = this.rules.leastActive?.() ?? 0;
    if (active.length < least)
      this.violations.push(`${active.length} in rotation, where ${least} have to be`);
  }

  async #checkRunning(): Promise<void> {
    const most = this.rules.mostRunning?.() ?? Infinity;
    const pools = this.balancer.tables.at(-1)?.pools ?? [];
    const draining = pools.flatMap(({ endpoints }) =>
      endpoints.filter(({ rotation }) => rotation === 'draining').map(({ id }) => id.split('@')[0] ?? ''),
    );
    const running = await this.#runningIds();
    const mostAtAll = this.rules.mostAtAll?.() ?? Infinity;
    if (running.size > mostAtAll) this.violations.push(`${running.size} run at all, where ${mostAtAll} may`);
    const settled = [...running].filter((id) => !draining.includes(id));
    if (settled.length > most) this.violations.push(`${settled.length} run, where at most ${most} may`);
  }

  /** Only what the balancer has acknowledged as out of rotation may be stopped. */
  #checkIdle(replica: Replica): void {
    const pools = this.balancer.tables.at(-1)?.pools ?? [];
    const isActive = pools.some(({ endpoints }) =>
      endpoints.some(({ id, rotation }) => id.startsWith(`${replica.id}@`) && rotation === 'active'),
    );
    if (isActive) this.violations.push(`${replica.instance} is stopped while it takes requests`);
    if ((this.balancer.inFlight.get(replica.instance) ?? 0) > 0)
      this.violations.push(`${replica.instance} is stopped with requests in flight`);
  }

  async #runningIds(): Promise<ReadonlySet<string>> {
    const replicas = await this.replicas();
    return new Set(replicas.filter(({ state }) => state.kind === 'running').map(({ id }) => id));
  }
}

/** A state folder to which a killed daemon writes no more. */
class MortalStore extends StackStore {
  readonly #life: Life;

  constructor(directory: string, life: Life) {
    super(directory);
    this.#life = life;
  }

  override save(desired: Desired): Promise<void> {
    return this.#life.act('save', () => super.save(desired));
  }

  override forget(stackName: string): Promise<void> {
    return this.#life.act('forget', () => super.forget(stackName));
  }
}

/** Waits until the daemon has nothing left to do for the stack, or the stack is forgotten. */
export async function untilSettled({ registry }: MortalDaemon): Promise<void> {
  const session = registry.find('demo');
  if (session === undefined) return;
  const { controller } = session;
  const deadline = AbortSignal.timeout(20_000);
  try {
    await controller.until(
      ({ plan, observed }) =>
        registry.find('demo') === undefined ||
        (isSteady(plan) && observed.inProgress.length === 0 && !isChanging(controller.desired)),
      deadline,
    );
  } catch (thrown) {
    assert.fail(`not settled: ${JSON.stringify(controller.last?.plan.waits)} ${String(thrown)}`);
  }
}

/** A command is at work, or an old set is kept for a while. */
function isChanging({ change, services }: Desired): boolean {
  return change !== undefined || Object.values(services).some(({ rollout }) => rollout !== undefined);
}
