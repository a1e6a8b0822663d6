import type { Desired, DesiredService } from '../../controller/desired.ts';
import type { Service } from '../../model/service.ts';
import type { Stack } from '../../model/stack.ts';
import { TenfoldError } from '../../shared/errors.ts';
import { checkRunnable } from './check-runnable.ts';
import { autoscaledAfterUp, isAutoscaled, refuseAutoscaled } from '../autoscale/replica-counts.ts';
import type { DownRequest, UpRequest } from '../control-api.ts';

/*
 * What each command makes of the desired state. Pure: (desired, request, now) → desired. Times are milliseconds since
 * the epoch. Ports are assigned afterwards.
 */

/** Replicas of one service that a command may ask for; more is taken for a slip of the keyboard. */
const maxReplicas = 10_000;

/** Throws `invalid-scale`, `unknown-service`. A scale set by hand stays until the file's own number changes. */
export function bringUp(previous: Desired | undefined, request: UpRequest, now: number): Desired {
  const { stack, scale } = request;
  for (const [name, count] of Object.entries(scale))
    refuseAutoscaled(checkScale(stack, name, count), previous?.services[name], count);
  const selected = withDependencies(stack, request.services ?? Object.keys(stack.services));
  const services = Object.values(stack.services).map((service) => {
    const before = previous?.services[service.name];
    const isSelected = selected.has(service.name);
    const settled: DesiredService = {
      ...startingPoint(service),
      ...before,
      ...replicasAfterUp(service, before, scale[service.name], request.resetScale, now),
      ...(isSelected && { phase: 'running' as const }),
      ...(isSelected && !isOneShot(service, stack) && { activeSince: now }),
      ...(isSelected && request.forceRecreate && { recreateBefore: now }),
    };
    checkRunnable(service, settled.replicas, stack);
    return [service.name, settled] as const;
  });
  return {
    stack,
    services: Object.fromEntries(services),
    assignedPorts: previous?.assignedPorts ?? {},
    drainedInstances: previous?.drainedInstances ?? [],
    orphans: request.removeOrphans ? 'remove' : 'keep',
    teardown: undefined,
    graceMs: undefined,
  };
}

/** Throws `invalid-scale`, `unknown-service`. */
export function scaleTo(desired: Desired, scale: Readonly<Record<string, number>>, now: number): Desired {
  const services = { ...desired.services };
  for (const [name, replicas] of Object.entries(scale)) {
    const service = checkScale(desired.stack, name, replicas);
    const before = services[name] ?? startingPoint(service);
    refuseAutoscaled(service, before, replicas);
    const activeSince = before.phase === 'running' ? before.activeSince : now;
    services[name] = {
      ...before,
      phase: 'running',
      activeSince,
      replicas,
      // The file's own number is the file's word again: nothing is left for `--reset-scale` to forget.
      source: replicas === service.replicas ? 'file' : 'command',
      fileReplicas: service.replicas,
    };
  }
  return { ...desired, services, teardown: undefined, graceMs: undefined };
}

/** Stops what runs and keeps it. */
export function stopServices(
  desired: Desired,
  names: readonly string[] | undefined,
  graceMs: number | undefined,
): Desired {
  return {
    ...change(desired, names, (service) => ({
      ...service,
      phase: service.phase === 'running' ? 'stopped' : service.phase,
    })),
    graceMs,
  };
}

/** Starts what was stopped; what never ran stays absent. */
export function startServices(desired: Desired, names: readonly string[] | undefined, now: number): Desired {
  const started = change(desired, names, (service) =>
    service.phase === 'stopped' ? { ...service, phase: 'running', activeSince: now } : service,
  );
  return { ...started, graceMs: undefined };
}

/** Every replica that runs now is restarted; what was stopped is started. */
export function restartServices(
  desired: Desired,
  names: readonly string[] | undefined,
  graceMs: number | undefined,
  now: number,
): Desired {
  const restarted = change(desired, names, (service) =>
    service.phase === 'absent'
      ? service
      : { ...service, phase: 'running', activeSince: now, renewBefore: now },
  );
  return { ...restarted, graceMs };
}

export function bringDown(
  desired: Desired,
  request: Pick<DownRequest, 'removeVolumes' | 'removeOrphans' | 'graceMs'>,
): Desired {
  return {
    ...change(desired, undefined, (service) => ({ ...service, phase: 'absent' })),
    drainedInstances: [],
    orphans: request.removeOrphans ? 'remove' : 'keep',
    teardown: { removeVolumes: request.removeVolumes },
    graceMs: request.graceMs,
  };
}

/** These services are gone and shall be. */
export function withoutServices(desired: Desired, names: readonly string[]): Desired {
  return change(desired, names, (service) => ({ ...service, phase: 'absent' }));
}

export function drainInstance(desired: Desired, instance: string): Desired {
  return { ...desired, drainedInstances: [...new Set([...desired.drainedInstances, instance])] };
}

export function undrainInstance(desired: Desired, instance: string): Desired {
  return { ...desired, drainedInstances: desired.drainedInstances.filter((name) => name !== instance) };
}

/** Services whose desired state differs. */
export function touchedServices(before: Desired | undefined, after: Desired): ReadonlySet<string> {
  const names = Object.keys(after.services).filter((name) => {
    const isSame = JSON.stringify(before?.services[name]) === JSON.stringify(after.services[name]);
    return !isSame || before?.stack.services[name]?.revision !== after.stack.services[name]?.revision;
  });
  return new Set(names);
}

function startingPoint(service: Service): DesiredService {
  return {
    phase: 'absent',
    replicas: service.replicas,
    source: 'file',
    fileReplicas: service.replicas,
    activeSince: 0,
    renewBefore: 0,
    recreateBefore: 0,
  };
}

function replicasAfterUp(
  service: Service,
  before: DesiredService | undefined,
  asked: number | undefined,
  resetScale: boolean,
  now: number,
): Pick<DesiredService, 'replicas' | 'source' | 'fileReplicas'> {
  if (isAutoscaled(service, before)) return autoscaledAfterUp(service, before, resetScale, now);
  const fileReplicas = service.replicas;
  const isPaused = before?.source === 'autoscaler' && service.autoscale?.isShadow === false;
  if (isPaused && asked === undefined && !resetScale)
    return { replicas: before.replicas, source: 'autoscaler', fileReplicas };
  if (asked !== undefined)
    return { replicas: asked, source: asked === fileReplicas ? 'file' : 'command', fileReplicas };
  const holds = before?.source === 'command' && before.fileReplicas === fileReplicas && !resetScale;
  return holds
    ? { replicas: before.replicas, source: 'command', fileReplicas }
    : { replicas: fileReplicas, source: 'file', fileReplicas };
}

/** Some service waits for it to complete: it runs once, and a later `up` does not run it again. */
function isOneShot(service: Service, stack: Stack): boolean {
  return Object.values(stack.services).some(({ dependsOn }) =>
    dependsOn.some(
      (dependency) =>
        dependency.service === service.name && dependency.condition === 'service_completed_successfully',
    ),
  );
}

function change(
  desired: Desired,
  names: readonly string[] | undefined,
  update: (service: DesiredService) => DesiredService,
): Desired {
  const selected = new Set(names ?? Object.keys(desired.services));
  for (const name of selected) known(desired.stack, name);
  const services = Object.entries(desired.services).map(
    ([name, service]) => [name, selected.has(name) ? update(service) : service] as const,
  );
  return { ...desired, services: Object.fromEntries(services) };
}

/** The named services and all that they depend on. Throws `unknown-service`. */
export function withDependencies(stack: Stack, names: readonly string[]): ReadonlySet<string> {
  const selected = new Set<string>();
  const visit = (name: string): void => {
    if (selected.has(name)) return;
    selected.add(name);
    for (const { service } of known(stack, name).dependsOn)
      if (stack.services[service] !== undefined) visit(service);
  };
  for (const name of names) visit(name);
  return selected;
}

function known(stack: Stack, name: string): Service {
  const service = stack.services[name];
  if (service !== undefined) return service;
  throw new TenfoldError('unknown-service', `the stack ${stack.name} has no service ${name}`, {
    expected: `one of ${Object.keys(stack.services).join(', ')}`,
    got: name,
  });
}

function checkScale(stack: Stack, name: string, count: number): Service {
  const service = known(stack, name);
  if (!Number.isInteger(count) || count < 0 || count > maxReplicas) {
    throw new TenfoldError('invalid-scale', `${name} cannot be scaled to ${count}`, {
      expected: `a whole number from 0 to ${maxReplicas}`,
      got: String(count),
    });
  }
  checkRunnable(service, count, stack);
  return service;
}
