import type { Desired, DesiredService } from '../desired.ts';
import { isAlive, isRunning, type Observed, type ObservedReplica } from '../observed.ts';
import type { Wait } from '../plan.ts';
import { endedBeforeActive } from './service-view.ts';
import type { Dependency, Service } from '../../model/service.ts';

/** What keeps a service from starting; undefined when every condition of its `depends_on` holds. */
export function unmetDependency(service: Service, desired: Desired, observed: Observed): Wait | undefined {
  for (const dependency of service.dependsOn) {
    const wanted = desired.services[dependency.service];
    const target = desired.stack.services[dependency.service];
    if (target === undefined || wanted === undefined || wanted.phase !== 'running') {
      if (!dependency.required) continue;
      return {
        service: service.name,
        reason: `${dependency.service} is not running, and ${service.name} depends on it`,
      };
    }
    if (wanted.replicas === 0) continue;
    const replicas = observed.byService.get(dependency.service) ?? [];
    const wait = checkCondition(service, target, dependency, replicas, wanted);
    if (wait !== undefined && (dependency.required || wait.failure === undefined)) return wait;
  }
  return undefined;
}

function checkCondition(
  service: Service,
  target: Service,
  { condition, service: name }: Dependency,
  replicas: readonly ObservedReplica[],
  wanted: DesiredService,
): Wait | undefined {
  const current = replicas.filter(({ replica }) => replica.revision === target.revision);
  switch (condition) {
    case 'service_started':
      if (current.some((replica) => isRunning(replica) || hasCompleted(replica))) return undefined;
      return { service: service.name, reason: `waiting for ${name} to start` };
    case 'service_healthy':
      if (
        current.filter(({ health, replica }) => replica.state.kind === 'running' && health === 'healthy')
          .length >= wanted.replicas
      )
        return undefined;
      return { service: service.name, reason: `waiting for ${name} to become healthy` };
    case 'service_completed_successfully': {
      // A run from before it was asked for again says nothing.
      if (current.some((replica) => endedBeforeActive(replica, wanted)))
        return { service: service.name, reason: `waiting for ${name} to run` };
      if (current.length > 0 && current.every(hasCompleted)) return undefined;
      const failed = current.find(
        ({ replica }) => replica.state.kind === 'exited' && !hasCompletedState(replica.state.exitCode),
      );
      if (failed === undefined || target.restart.condition !== 'none') {
        return { service: service.name, reason: `waiting for ${name} to complete` };
      }
      return {
        service: service.name,
        instance: failed.replica.instance,
        reason: `${failed.replica.instance} ended with ${describeExit(failed)}, and ${service.name} needs it to complete successfully`,
        failure: 'dependency-failed',
      };
    }
  }
}

function hasCompleted({ replica }: ObservedReplica): boolean {
  return replica.state.kind === 'exited' && hasCompletedState(replica.state.exitCode);
}

function hasCompletedState(exitCode: number | undefined): boolean {
  return exitCode === 0;
}

export function describeExit({ replica }: ObservedReplica): string {
  if (replica.state.kind !== 'exited') return replica.state.kind;
  const code =
    replica.state.exitCode === undefined ? 'an unknown exit code' : `exit code ${replica.state.exitCode}`;
  const { reason, isStoppedByHand } = replica.state;
  if (isStoppedByHand === true)
    return `${code}, stopped by somebody else; it is left so until the next command`;
  return reason === undefined ? code : `${code} (${reason})`;
}

/** Services that depend on the named one and still have something running: they stop before it does. */
export function runningDependents(name: string, desired: Desired, observed: Observed): readonly string[] {
  return Object.values(desired.stack.services)
    .filter((service) => service.dependsOn.some((dependency) => dependency.service === name))
    .map((service) => service.name)
    .filter((dependent) => observed.byService.get(dependent)?.some(isAlive));
}
