import { withPossibleAmbassadors } from './ambassadors.ts';
import { assignPorts } from './assign-ports.ts';
import { runChange, type Change } from './run-change.ts';
import type { StackRegistry } from './stack-registry.ts';
import {
  bringDown,
  bringUp,
  drainInstance,
  restartServices,
  scaleTo,
  startServices,
  stopServices,
  touchedServices,
  undrainInstance,
} from './transitions.ts';
import type { StackSession } from './stack-session.ts';
import type {
  ChangeMessage,
  ChangeRequest,
  DownRequest,
  InstanceRequest,
  PlannedOperation,
  ScaleRequest,
  ServicesRequest,
  UpRequest,
} from '../control-api.ts';
import type { Desired } from '../../controller/desired.ts';
import { lookOnce } from '../../controller/observe/observe.ts';
import type { Observed } from '../../controller/observed.ts';
import { formatPlan, subjectOf, type Operation } from '../../controller/plan.ts';
import { simulate } from '../../controller/simulate.ts';
import { TenfoldError } from '../../shared/errors.ts';

/** The last message of a change's stream. */
type Outcome = Exclude<ChangeMessage, { type: 'event' }>;

/** Throws `stack-elsewhere`, `invalid-scale`, `command-not-found`, `runtime-unreachable` and more before anything is changed. */
export async function up(registry: StackRegistry, request: UpRequest, signal: AbortSignal): Promise<Outcome> {
  const { name } = request.stack;
  const session = registry.find(name);
  const before = session?.controller.desired;
  if (session !== undefined && before !== undefined) refuseElsewhere(session, before, request);
  const possible = withPossibleAmbassadors(request.stack, registry.options.whyNoAmbassadors);
  const asked = { ...request, stack: possible.stack };
  const after = await assignPorts(bringUp(before, asked, registry.options.clock.now()));
  await checkRuntimes(registry, after, signal);
  const observed =
    session?.controller.last?.observed ??
    (await lookOnce(after, registry.options, registry.options.clock.now(), signal));
  if (request.isDryRun === true) return dryRun(after, observed);
  const services = Object.keys(after.services).filter(
    (service) => after.services[service]?.phase === 'running',
  );
  const isFresh = before === undefined && observed.replicas.length === 0;
  const change: Change = {
    command: 'up',
    requester: request.requester,
    before,
    after,
    services,
    isReversible: before !== undefined || isFresh,
    warnings: [...possible.warnings, ...orphanWarnings(after, observed)],
  };
  if (session !== undefined) return { type: 'report', report: await runChange(session, change, signal) };
  await registry.options.store.save(after);
  const opened = registry.open(after);
  try {
    return { type: 'report', report: await runChange(opened, change, signal) };
  } catch (thrown) {
    if (opened.controller.desired.teardown !== undefined) await registry.close(opened);
    throw thrown;
  }
}

export function scale(
  session: StackSession,
  request: ScaleRequest,
  registry: StackRegistry,
  signal: AbortSignal,
): Promise<Outcome> {
  const after = scaleTo(session.controller.desired, request.scale, registry.options.clock.now());
  return simpleChange('scale', session, request, after, Object.keys(request.scale), signal);
}

export function stop(session: StackSession, request: ServicesRequest, signal: AbortSignal): Promise<Outcome> {
  return simpleChange(
    'stop',
    session,
    request,
    stopServices(session.controller.desired, request.services, request.graceMs),
    request.services,
    signal,
  );
}

export function start(
  session: StackSession,
  request: ServicesRequest,
  registry: StackRegistry,
  signal: AbortSignal,
): Promise<Outcome> {
  const after = startServices(session.controller.desired, request.services, registry.options.clock.now());
  return simpleChange('start', session, request, after, request.services, signal);
}

export function restart(
  session: StackSession,
  request: ServicesRequest,
  registry: StackRegistry,
  signal: AbortSignal,
): Promise<Outcome> {
  const { desired } = session.controller;
  const after = restartServices(desired, request.services, request.graceMs, registry.options.clock.now());
  return simpleChange('restart', session, request, after, request.services, signal);
}

export async function down(
  session: StackSession,
  request: DownRequest,
  registry: StackRegistry,
  signal: AbortSignal,
): Promise<Outcome> {
  const outcome = await simpleChange(
    'down',
    session,
    request,
    bringDown(session.controller.desired, request),
    undefined,
    signal,
  );
  if (outcome.type === 'report') await registry.close(session);
  return outcome;
}

/** Throws `unknown-instance`, and `last-replica` when nothing else would take the service's requests. */
export function drain(
  session: StackSession,
  request: InstanceRequest,
  signal: AbortSignal,
): Promise<Outcome> {
  const service = serviceOfInstance(session, request.instance);
  const others = session.controller.last?.observed.byService
    .get(service)
    ?.filter(({ replica, rotation }) => replica.instance !== request.instance && rotation === 'active');
  if (others?.length === 0 && request.isForced !== true) {
    throw new TenfoldError(
      'last-replica',
      `${request.instance} is the last replica of ${service} in rotation`,
      {
        hint: `scale ${service} up first, or say drain --force to leave it with nothing in rotation`,
      },
    );
  }
  return simpleChange(
    'drain',
    session,
    request,
    drainInstance(session.controller.desired, request.instance),
    [service],
    signal,
  );
}

export function undrain(
  session: StackSession,
  request: InstanceRequest,
  signal: AbortSignal,
): Promise<Outcome> {
  const service = serviceOfInstance(session, request.instance);
  return simpleChange(
    'undrain',
    session,
    request,
    undrainInstance(session.controller.desired, request.instance),
    [service],
    signal,
  );
}

async function simpleChange(
  command: string,
  session: StackSession,
  request: ChangeRequest,
  after: Desired,
  services: Iterable<string> | undefined,
  signal: AbortSignal,
): Promise<Outcome> {
  const before = session.controller.desired;
  if (request.isDryRun === true) {
    const { observed } = session.controller.last ?? (await session.controller.until(() => true, signal));
    return dryRun(after, observed);
  }
  const touched = new Set([...(services ?? Object.keys(after.services)), ...touchedServices(before, after)]);
  const isReversible = command === 'scale';
  const change = {
    command,
    requester: request.requester,
    before,
    after,
    services: touched,
    isReversible,
    warnings: [],
  };
  return { type: 'report', report: await runChange(session, change, signal) };
}

function dryRun(desired: Desired, observed: Observed): Outcome {
  const plan = simulate(desired, observed);
  return { type: 'plan', text: formatPlan(plan), operations: plan.operations.map(plannedOperation) };
}

function plannedOperation(operation: Operation): PlannedOperation {
  const { kind, cause } = operation;
  const service = 'service' in operation ? operation.service : subjectOf(operation);
  return { kind, service, cause, ...('instance' in operation && { instance: operation.instance }) };
}

function refuseElsewhere(session: StackSession, before: Desired, { stack }: UpRequest): void {
  if (before.stack.workingDir === stack.workingDir || !session.isActive) return;
  throw new TenfoldError(
    'stack-elsewhere',
    `a stack named ${stack.name} already runs from ${before.stack.workingDir}`,
    {
      expected: `the folder ${before.stack.workingDir}`,
      got: stack.workingDir,
      hint:
        'give this one another name with -p NAME, or take that one down first: tenfold -p ' +
        stack.name +
        ' down',
    },
  );
}

/** What can be known to fail is said before anything is begun. */
async function checkRuntimes(registry: StackRegistry, desired: Desired, signal: AbortSignal): Promise<void> {
  const { stack } = desired;
  const running = Object.values(stack.services).filter(
    ({ name }) => desired.services[name]?.phase === 'running',
  );
  const processes = running.filter(({ kind }) => kind === 'process').map(({ name }) => name);
  // For local processes `prepare` makes nothing: it only checks that the commands can be run.
  if (processes.length > 0)
    await registry.options.runtimes.get('process')?.prepare(stack, processes, () => undefined, signal);
  if (running.some(({ kind }) => kind === 'container'))
    await registry.options.runtimes.get('container')?.observe(stack.name, signal);
}

function orphanWarnings({ stack, orphans }: Desired, observed: Observed): readonly string[] {
  if (orphans === 'remove') return [];
  const names = observed.replicas
    .filter(({ replica }) => stack.services[replica.service] === undefined)
    .map(({ replica }) => replica.name);
  return names.length === 0
    ? []
    : [`${names.join(', ')} belong to services that the file does not have; --remove-orphans removes them`];
}

function serviceOfInstance(session: StackSession, instance: string): string {
  const replicas = session.controller.last?.observed.replicas ?? [];
  const found = replicas.find(({ replica }) => replica.instance === instance);
  if (found !== undefined) return found.replica.service;
  throw new TenfoldError('unknown-instance', `the stack ${session.name} runs no instance ${instance}`, {
    expected: `one of ${replicas.map(({ replica }) => replica.instance).join(', ') || '(none runs)'}`,
    got: instance,
  });
}
