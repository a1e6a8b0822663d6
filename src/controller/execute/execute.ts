import { kindsOf, type Desired } from '../desired.ts';
import type { Operation } from '../plan.ts';
import { replicaEnvironment } from './replica-environment.ts';
import { serviceAt } from '../revisions.ts';
import type { HookRunner, SmokeSubject, SmokeTester } from './smoke-tester.ts';
import type { Replica } from '../../model/replica.ts';
import type { LifecycleHook, Service } from '../../model/service.ts';
import type { Progress, RuntimeDriver } from '../../runtime/runtime-driver.ts';
import { isTenfoldError, TenfoldError } from '../../shared/errors.ts';

export interface ExecutionContext {
  readonly desired: Desired;
  readonly runtimes: ReadonlyMap<string, RuntimeDriver>;
  readonly smokeTester: SmokeTester;
  readonly hookRunner: HookRunner;
  readonly replicas: ReadonlyMap<string, Replica>;
  /** Kind of the runtime that runs a replica, by replica id: an orphan has no service any more to tell it. */
  readonly runtimeKinds: ReadonlyMap<string, string>;
  readonly progress: Progress;
}

/**
 * Carries out one operation and decides nothing. `open`, `close`, `enter` and `drain` are done by putting the plan's
 * table in force, so nothing is left of them here.
 */
export async function execute(
  operation: Operation,
  context: ExecutionContext,
  signal: AbortSignal,
): Promise<void> {
  switch (operation.kind) {
    case 'prepare':
      return prepare(operation.services, context, signal);
    case 'start': {
      const service = serviceOf(operation.service, operation.revision, context);
      const driver = driverOf(service, context);
      const replica = await driver.start(
        {
          stack: context.desired.stack,
          service,
          index: operation.index,
          environment: replicaEnvironment(context.desired, service, operation.index),
          ...(operation.existingId !== undefined && { existingId: operation.existingId }),
        },
        signal,
      );
      return runHooks(service.postStart, replica, driver, 'post_start', signal);
    }
    case 'smoke':
      return context.smokeTester(subjectOf(operation, context), signal);
    case 'hook': {
      const { rollout } = context.desired.services[operation.service] ?? {};
      if (rollout === undefined) return;
      return context.hookRunner({ ...subjectOf(operation, context), hook: operation.hook, rollout }, signal);
    }
    case 'stop': {
      const replica = context.replicas.get(operation.replicaId);
      if (replica !== undefined) await stop(replica, context, signal);
      return;
    }
    case 'remove': {
      const replica = context.replicas.get(operation.replicaId);
      if (replica !== undefined) await runtimeOf(replica, context).remove(replica, signal);
      return;
    }
    case 'teardown':
      return teardown(operation.removeVolumes, context, signal);
    case 'open':
    case 'close':
    case 'enter':
    case 'drain':
      return;
  }
}

function subjectOf(
  of: { readonly service: string; readonly revision: string },
  context: ExecutionContext,
): SmokeSubject {
  const service = serviceOf(of.service, of.revision, context);
  const replicas = [...context.replicas.values()].filter(
    ({ service: name, revision, state }) =>
      name === service.name && revision === service.revision && state.kind === 'running',
  );
  return { stack: context.desired.stack, service, replicas };
}

async function prepare(
  names: readonly string[],
  context: ExecutionContext,
  signal: AbortSignal,
): Promise<void> {
  for (const [kind, driver] of context.runtimes) {
    const services = names.filter((name) => context.desired.stack.services[name]?.kind === kind);
    if (services.length > 0) await driver.prepare(context.desired.stack, services, context.progress, signal);
  }
}

/** A runtime that does not answer is no failure where the stack has no service of its kind: many machines have no Docker. */
async function teardown(
  removeVolumes: boolean,
  { desired, runtimes }: ExecutionContext,
  signal: AbortSignal,
): Promise<void> {
  const kinds = kindsOf(desired);
  for (const [kind, driver] of runtimes) {
    try {
      await driver.teardown(desired.stack, { removeVolumes }, signal);
    } catch (thrown) {
      if (kinds.has(kind) || !isTenfoldError(thrown, 'runtime-unreachable')) throw thrown;
    }
  }
}

async function stop(replica: Replica, context: ExecutionContext, signal: AbortSignal): Promise<void> {
  const { desired } = context;
  const service =
    serviceAt(desired, replica.service, replica.revision) ?? desired.stack.services[replica.service];
  const driver = runtimeOf(replica, context);
  const policy = service?.stop ?? { signal: 'SIGTERM', graceMs: 10_000, preStop: [] };
  const graceMs = context.desired.graceMs ?? policy.graceMs;
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, graceMs))]);
  try {
    await runHooks(policy.preStop, replica, driver, 'pre_stop', deadline);
  } catch (thrown) {
    // A hook that fails or hangs must not keep a replica from being stopped.
    if (signal.aborted) throw thrown;
    context.progress(`${replica.instance}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  await driver.stop(replica, { signal: policy.signal, graceMs }, signal);
}

async function runHooks(
  hooks: readonly LifecycleHook[],
  replica: Replica,
  driver: RuntimeDriver,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  for (const hook of hooks) {
    const { exitCode, output } = await driver.console.exec(replica, { hook }, signal);
    if (exitCode === 0) continue;
    throw new TenfoldError(
      'replica-failed',
      `the ${name} hook of ${replica.instance} ended with exit code ${exitCode}`,
      {
        got: hook.command.join(' '),
        details: output.split('\n').filter(Boolean).slice(-10),
        hint: `run it by hand: tenfold exec ${replica.instance} ${hook.command.join(' ')}`,
      },
    );
  }
}

function serviceOf(name: string, revision: string, { desired }: ExecutionContext): Service {
  return required(
    serviceAt(desired, name, revision) ?? desired.stack.services[name],
    `a plan names the service ${name}, which the stack does not have`,
  );
}

function driverOf(service: Service, { runtimes }: ExecutionContext): RuntimeDriver {
  return required(runtimes.get(service.kind), `no runtime is set up for services of kind ${service.kind}`);
}

function runtimeOf(replica: Replica, { runtimes, runtimeKinds }: ExecutionContext): RuntimeDriver {
  return required(
    runtimes.get(runtimeKinds.get(replica.id) ?? ''),
    `no runtime is set up for ${replica.instance}`,
  );
}

function required<T>(value: T | undefined, otherwise: string): T {
  if (value === undefined) throw new Error(otherwise);
  return value;
}
