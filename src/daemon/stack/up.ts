import { withPossibleAmbassadors } from './ambassadors.ts';
import { assignPorts } from './assign-ports.ts';
import { beginRollouts, type RolloutOptions } from '../rollout/begin-rollouts.ts';
import { deploymentOf } from '../rollout/deployment.ts';
import { dryRun, type Outcome } from './dry-run.ts';
import { memoryOfReplica } from '../rollout/machine-memory.ts';
import { refuseDuringRollout } from '../rollout/refuse-during-rollout.ts';
import { runChange, type Change } from './run-change.ts';
import type { StackRegistry } from './stack-registry.ts';
import type { StackSession } from './stack-session.ts';
import { bringUp, withDependencies } from './transitions.ts';
import type { UpRequest } from '../control-api.ts';
import type { DeployRequest } from '../rollout-api.ts';
import type { Desired } from '../../controller/desired.ts';
import { lookOnce } from '../../controller/observe/observe.ts';
import type { Observed } from '../../controller/observed.ts';
import { fitMemory } from '../../rollout/fit-memory.ts';
import { misfitOf } from '../../rollout/strategies/misfit.ts';
import { TenfoldError } from '../../shared/errors.ts';

/** Throws `stack-elsewhere`, `invalid-scale`, `command-not-found`, `runtime-unreachable` and more before anything is changed. */
export function up(registry: StackRegistry, request: UpRequest, signal: AbortSignal): Promise<Outcome> {
  const services = request.services && withDependencies(request.stack, request.services);
  return bringStackUp(registry, { ...request, images: {} }, 'up', services, signal);
}

/** The same for the named services alone, without what they depend on. Throws `usage` for an image or strategy that a service cannot have. */
export function deploy(
  registry: StackRegistry,
  request: DeployRequest,
  signal: AbortSignal,
): Promise<Outcome> {
  withDependencies(request.stack, [...(request.services ?? []), ...Object.keys(request.images)]);
  const services = request.services && new Set(request.services);
  return bringStackUp(registry, request, 'deploy', services, signal);
}

async function bringStackUp(
  registry: StackRegistry,
  request: DeployRequest,
  command: string,
  meant: ReadonlySet<string> | undefined,
  signal: AbortSignal,
): Promise<Outcome> {
  const { clock, whyNoAmbassadors } = registry.options;
  const session = registry.find(request.stack.name);
  const before = session?.controller.desired;
  if (session !== undefined && before !== undefined) {
    refuseElsewhere(session, before, request);
    refuseDuringRollout(before, command);
  }
  const possible = withPossibleAmbassadors(request.stack, whyNoAmbassadors);
  const { stack, overrides, warnings } = deploymentOf(before, possible.stack, meant, request.images);
  const asked = { ...request, stack };
  const after = withOverrides(await assignPorts(bringUp(before, asked, clock.now())), overrides);
  await checkRuntimes(registry, after, signal);
  const observed =
    session?.controller.last?.observed ?? (await lookOnce(after, registry.options, clock.now(), signal));
  const fit = fitRollouts(registry, before, after, request.strategy);
  if (request.isDryRun === true) {
    const { user, commandLine } = request.requester;
    const change = { user, commandLine, startedAt: clock.now() };
    return dryRun(beginRollouts(before, after, change, fit.options), observed);
  }
  const services = Object.keys(after.services).filter(
    (service) => after.services[service]?.phase === 'running',
  );
  const isFresh = before === undefined && observed.replicas.length === 0;
  const change: Change = {
    command,
    requester: request.requester,
    before,
    after,
    services,
    isReversible: before !== undefined || isFresh,
    warnings: [...possible.warnings, ...warnings, ...fit.warnings, ...orphanWarnings(after, observed)],
    rollouts: fit.options,
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

function withOverrides(desired: Desired, overrides: ReturnType<typeof deploymentOf>['overrides']): Desired {
  const services = Object.entries(desired.services).map(
    ([name, service]) => [name, { ...service, imageOverride: overrides[name] }] as const,
  );
  return { ...desired, services: Object.fromEntries(services) };
}

/** How each service that moves has to go so that it fits the machine; a strategy that was asked for has to suit it. */
function fitRollouts(
  { options: { metrics, availableMemory } }: StackRegistry,
  before: Desired | undefined,
  after: Desired,
  asked: DeployRequest['strategy'],
): { readonly options: RolloutOptions; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const strategies: Record<string, NonNullable<typeof asked>> = {};
  const parallelism: Record<string, number> = {};
  for (const service of Object.values(after.stack.services)) {
    const { name } = service;
    const previous = before?.services[name]?.phase === 'running' ? before.stack.services[name] : undefined;
    if (previous === undefined || previous.revision === service.revision) continue;
    const misfit = asked === undefined ? undefined : misfitOf(service, asked);
    if (misfit !== undefined)
      throw new TenfoldError('usage', `${name}: ${misfit}`, { expected: '--strategy rolling' });
    const fit = fitMemory({
      service: name,
      strategy: asked ?? service.rollout.strategy,
      pace: service.update,
      replicas: after.services[name]?.replicas ?? 0,
      bytesEach: memoryOfReplica(service, metrics?.()?.latest(after.stack.name, name)),
      availableBytes: availableMemory?.(),
    });
    strategies[name] = fit.strategy;
    if (fit.parallelism !== undefined) parallelism[name] = fit.parallelism;
    if (fit.reason !== undefined) warnings.push(fit.reason);
  }
  return { options: { strategies, parallelism }, warnings };
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
