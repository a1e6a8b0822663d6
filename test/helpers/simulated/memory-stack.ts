import { serviceOf, stackOf } from '../../contracts/stack-of.ts';
import { MemoryBalancer } from './memory-balancer.ts';
import type { Change } from '../../../src/controller/changes.ts';
import type { Desired, DesiredService } from '../../../src/controller/desired.ts';
import { StackController, type ControllerOptions } from '../../../src/controller/loop.ts';
import type { HookRunner, SmokeTester } from '../../../src/controller/execute/smoke-tester.ts';
import type { Decision } from '../../../src/controller/progress/decide.ts';
import type { Pass } from '../../../src/controller/pass.ts';
import { TrafficTable } from '../../../src/controller/execute/traffic-table.ts';
import { formatPlan, isSteady } from '../../../src/controller/plan.ts';
import type { Service } from '../../../src/model/service.ts';
import type { RuntimeDriver } from '../../../src/runtime/runtime-driver.ts';
import { withoutServices } from '../../../src/daemon/stack/transitions.ts';
import { systemClock } from '../../../src/shared/clock.ts';

/** A balanced service named web with one published port. */
export function webService(fields: Partial<Service> = {}): Service {
  return serviceOf(fields.name ?? 'web', {
    targets: [80],
    listeners: [
      {
        key: `${fields.name ?? 'web'}:8080->80`,
        hostIp: '',
        port: 8080,
        target: 80,
        protocol: 'http',
        exposure: 'published',
      },
    ],
    replicas: 3,
    restart: { condition: 'any', delayMs: undefined, maxAttempts: undefined, windowMs: undefined },
    ...fields,
  });
}

export function desiredOf(
  services: readonly Service[],
  changes: Readonly<Record<string, Partial<DesiredService>>> = {},
): Desired {
  const stack = stackOf('demo', '/demo', services);
  return {
    stack,
    services: Object.fromEntries(
      services.map((service) => [
        service.name,
        {
          phase: 'running' as const,
          replicas: service.replicas,
          source: 'file' as const,
          fileReplicas: service.replicas,
          activeSince: 0,
          renewBefore: 0,
          recreateBefore: 0,
          ...changes[service.name],
        },
      ]),
    ),
    assignedPorts: {},
    drainedInstances: [],
    orphans: 'keep',
    teardown: undefined,
    graceMs: undefined,
  };
}

export interface MemoryWorldOptions {
  readonly smokeTester?: SmokeTester;
  readonly hookRunner?: HookRunner;
  readonly metrics?: ControllerOptions['metrics'];
}

export interface MemoryWorld extends AsyncDisposable {
  readonly controller: StackController;
  readonly balancer: MemoryBalancer;
  readonly changes: Change[];
  readonly bugs: unknown[];
  readonly decisions: Decision[];
  /** Every operation that was planned, as formatPlan prints it, repeats left out. */
  readonly operations: string[];
  steady(): Promise<Pass>;
}

/** A controller on the given runtime and a balancer in memory, with everything that it did written down. */
export function memoryWorld(
  desired: Desired,
  runtime: RuntimeDriver,
  options: MemoryWorldOptions = {},
): MemoryWorld {
  const balancer = new MemoryBalancer();
  const changes: Change[] = [];
  const bugs: unknown[] = [];
  const decisions: Decision[] = [];
  const operations: string[] = [];
  const controller = new StackController({
    desired,
    runtimes: new Map([['process', runtime]]),
    traffic: new TrafficTable(balancer),
    clock: systemClock,
    onChange: (change) => changes.push(change),
    onProgress: () => {},
    smokeTester: options.smokeTester ?? (() => Promise.resolve()),
    hookRunner: options.hookRunner ?? (() => Promise.resolve()),
    metrics: options.metrics,
    onDecision: (decision) => {
      decisions.push(decision);
      if (decision.isNewGoal) controller.setDesired(decision.desired);
      else controller.continueWith(decision.desired);
      return Promise.resolve(true);
    },
    onTakenDown: (services) => controller.setDesired(withoutServices(controller.desired, services)),
    onBug: (bug) => bugs.push(bug),
  });
  const note = (pass: Pass): boolean => {
    for (const operation of pass.plan.operations) {
      const line = formatPlan({ operations: [operation], waits: [] });
      if (operations.at(-1) !== line) operations.push(line);
    }
    return isSteady(pass.plan) && pass.observed.inProgress.length === 0;
  };
  return {
    controller,
    balancer,
    changes,
    bugs,
    decisions,
    operations,
    steady: () => controller.until(note, AbortSignal.timeout(20_000)),
    [Symbol.asyncDispose]: async () => {
      await controller[Symbol.asyncDispose]();
      await runtime[Symbol.asyncDispose]();
    },
  };
}
