import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { serviceOf } from '../contracts/stack-of.ts';
import { MemoryBalancer } from '../helpers/simulated/memory-balancer.ts';
import { desiredOf } from '../helpers/simulated/memory-stack.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { type Script, ScriptedMetrics } from './scripted-metrics.ts';
import { TrafficTable } from '../../src/controller/execute/traffic-table.ts';
import type { Desired } from '../../src/controller/desired.ts';
import { createAccess, type Access } from '../../src/dashboard/access.ts';
import { createDashboard, type DashboardContext } from '../../src/dashboard/routes.ts';
import { answerBy } from '../../src/daemon/control/answer-by.ts';
import { controlRoutes } from '../../src/daemon/control/routes.ts';
import { StackRegistry } from '../../src/daemon/stack/stack-registry.ts';
import { Journal } from '../../src/daemon/state/journal.ts';
import { StackStore } from '../../src/daemon/state/stack-store.ts';
import { MetricsHistory } from '../../src/metrics/history/history.ts';
import { MetricsStore } from '../../src/metrics/metrics-store.ts';
import type { Service } from '../../src/model/service.ts';
import type { MemoryBehaviour, MemoryStart } from '../../src/runtime/memory/behaviour.ts';
import { createMemoryDriver } from '../../src/runtime/memory/memory-driver.ts';
import { systemClock } from '../../src/shared/clock.ts';

export interface DashboardWorld extends AsyncDisposable {
  readonly registry: StackRegistry;
  readonly balancer: MemoryBalancer;
  readonly access: Access;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** With a token that opens the dashboard. */
  link(): string;
  /** A service of the stack `demo` that the balancer carries. */
  open(services: readonly Service[], changes?: Parameters<typeof desiredOf>[1]): Promise<void>;
  /** As if the daemon had gone: nothing answers any more. */
  stopListening(): Promise<void>;
  /** It is back, at the same address. */
  listenAgain(): Promise<void>;
  readonly bugs: unknown[];
}

export interface WorldOptions {
  readonly autoscaler?: DashboardContext['autoscaler'];
  readonly behaviourOf?: (start: MemoryStart) => MemoryBehaviour;
  readonly unreachableAt?: (now: number) => string | undefined;
  /** Figures of the last minutes and of each second to come; without it there are none. */
  readonly script?: Script;
}

const noAutoscaler: DashboardContext['autoscaler'] = {
  statuses: () => [],
  async *history() {},
};

const pastMs = 15 * 60_000;

/** A balanced service of that name on a port of its own. */
export function balanced(name: string, port: number, fields: Partial<Service> = {}): Service {
  return serviceOf(name, {
    targets: [80],
    listeners: [
      { key: `${name}:${port}->80`, hostIp: '', port, target: 80, protocol: 'http', exposure: 'published' },
    ],
    replicas: 3,
    restart: { condition: 'any', delayMs: undefined, maxAttempts: undefined, windowMs: undefined },
    ...fields,
  });
}

/** The daemon's own parts over a runtime and a balancer in memory, with the dashboard on a loopback port. */
export async function dashboardWorld(options: WorldOptions = {}): Promise<DashboardWorld> {
  const folder = await temporaryFolder();
  const bugs: unknown[] = [];
  const onBug = (thrown: unknown): void => void bugs.push(thrown);
  const balancer = new MemoryBalancer();
  const journal = new Journal(join(folder.path, 'journal.jsonl'), onBug);
  const runtime = createMemoryDriver(options);
  const registry = new StackRegistry({
    runtimes: new Map([['process', runtime]]),
    traffic: new TrafficTable(balancer),
    clock: systemClock,
    store: new StackStore(join(folder.path)),
    journal,
    smokeTester: () => Promise.resolve(),
    hookRunner: () => Promise.resolve(),
    whyNoAmbassadors: () => undefined,
    onBug,
  });
  const access = createAccess('5'.repeat(64));
  const version = () => ({ version: '0.0.0', pid: process.pid, home: folder.path, proxyPid: undefined });
  const control = controlRoutes({ registry, version, exitIfIdle: () => [] });
  const store = new MetricsStore();
  const history = new MetricsHistory({ directory: join(folder.path, 'metrics'), onWarning: onBug });
  const dashboard = createDashboard({
    access: () => Promise.resolve(access),
    registry,
    version,
    control,
    user: 'ada',
    metrics: { store, history },
    autoscaler: options.autoscaler ?? noAutoscaler,
  });
  const answer = answerBy(dashboard.routes, onBug);
  const server = createServer((request, response) => void answer(request, response));
  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('it listens on no port');
    return address.port;
  };
  const stopListening = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  let timer: NodeJS.Timeout | undefined;
  const port = await listen(0);
  const origin = `http://127.0.0.1:${port}`;
  return {
    registry,
    balancer,
    access,
    origin,
    bugs,
    link: () => `${origin}/dashboard?token=${access.issueLink(Date.now())}`,
    open: async (services, changes) => {
      const desired: Desired = desiredOf(services, changes);
      await registry.options.store.save(desired);
      const session = registry.open(desired);
      await session.controller.until(
        ({ plan, observed }) => plan.operations.length === 0 && observed.replicas.length > 0,
        AbortSignal.timeout(20_000),
      );
      if (options.script === undefined) return;
      const metrics = new ScriptedMetrics(registry, store, options.script, pastMs);
      metrics.advance();
      timer = setInterval(() => metrics.advance(), 500);
    },
    stopListening,
    listenAgain: async () => void (await listen(port)),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      if (server.listening) await stopListening();
      await registry[Symbol.asyncDispose]();
      await runtime[Symbol.asyncDispose]();
      await journal[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
