import type { ListenerEntry, PoolEntry } from '../balancer/balancer-driver.ts';
import { runningDependents } from './dependencies.ts';
import type { Desired } from './desired.ts';
import { isAlive, isRunning, type Observed, type ObservedReplica } from './observed.ts';
import { operationKey, type Operation, type Plan, type ReplicaOperation, type Wait } from './plan.ts';
import { reconcileRunning, type Retirement, type ServicePlan } from './reconcile-service.ts';
import { listenerEntry, poolsOf, wantedRotation, type Rotation } from './routing.ts';
import { viewService } from './service-view.ts';
import type { Service } from '../model/service.ts';

interface Draft {
  readonly operations: Operation[];
  readonly waits: Wait[];
  readonly listeners: ListenerEntry[];
  readonly pools: PoolEntry[];
  readonly wakeTimes: number[];
}

/**
 * Decides what to do next: a pure function of what shall be and what is.
 *
 * It is called again after every change, so a plan holds only what may begin now; what has to come true first
 * stands among the waits. Operations on one replica keep the order of every stop: out of rotation, acknowledged
 * and drained, stopped, removed. Cost grows linearly with the number of replicas.
 */
export function reconcile(desired: Desired, observed: Observed): Plan {
  const draft: Draft = { operations: [], waits: [], listeners: [], pools: [], wakeTimes: [] };
  for (const service of Object.values(desired.stack.services))
    reconcileOne(draft, service, desired, observed);
  reconcileOrphans(draft, desired, observed);
  compareListeners(draft, observed);
  holdFailed(draft, observed);
  gatherPreparation(draft, desired, observed);
  planTeardown(draft, desired, observed);
  const wakeAt = draft.wakeTimes.length === 0 ? undefined : Math.min(...draft.wakeTimes);
  return {
    operations: draft.operations,
    waits: draft.waits,
    table: { listeners: draft.listeners, pools: draft.pools },
    wakeAt,
  };
}

function reconcileOne(draft: Draft, service: Service, desired: Desired, observed: Observed): void {
  const wanted = desired.services[service.name];
  if (wanted === undefined) return;
  const replicas = observed.byService.get(service.name) ?? [];
  const plan =
    wanted.phase === 'running'
      ? reconcileRunning(viewService(service, wanted, desired, observed), desired)
      : reconcileEnding(service, wanted.phase, desired, observed, replicas);
  const unreachable = observed.unreachable.get(service.kind);
  const drained = new Set(desired.drainedInstances);
  const placed = replicas.map((replica) => ({
    observed: replica,
    rotation: wantedRotation(
      replica,
      plan.retiring.has(replica.replica.id) || drained.has(replica.replica.instance),
    ),
  }));
  planListeners(draft, service, wanted.phase === 'running', desired, replicas);
  draft.pools.push(...poolsOf(desired.stack.name, service, placed));
  draft.wakeTimes.push(...plan.wakeTimes);
  if (unreachable !== undefined) {
    draft.waits.push({ service: service.name, reason: unreachable, failure: 'runtime-unreachable' });
    return;
  }
  draft.operations.push(...plan.operations);
  draft.waits.push(...plan.waits);
  for (const { observed: replica, rotation } of placed) {
    planReplica(draft, replica, rotation, plan.retiring.get(replica.replica.id), service, observed);
  }
}

/** A service that shall stop: all of its replicas leave, once nothing that depends on it runs any more. */
function reconcileEnding(
  service: Service,
  phase: 'stopped' | 'absent',
  desired: Desired,
  observed: Observed,
  replicas: readonly ObservedReplica[],
): ServicePlan {
  const plan: ServicePlan = { operations: [], waits: [], retiring: new Map(), wakeTimes: [] };
  for (const { instance } of (observed.creating.get(service.name) ?? []).map(({ index }) => ({
    instance: `${service.name}-${index}`,
  }))) {
    plan.waits.push({ service: service.name, instance, reason: 'being created' });
  }
  const leaving = phase === 'absent' ? replicas : replicas.filter(isAlive);
  if (leaving.length === 0) return plan;
  const dependents = runningDependents(service.name, desired, observed).filter(
    (dependent) => desired.services[dependent]?.phase !== 'running',
  );
  if (dependents.length > 0 && leaving.some(isAlive)) {
    plan.waits.push({ service: service.name, reason: `stops after ${dependents.join(', ')}` });
    return plan;
  }
  const retirement: Retirement = {
    cause: phase === 'absent' ? 'down' : 'stop',
    afterwards: phase === 'absent' ? 'remove' : 'keep',
  };
  for (const { replica } of leaving) plan.retiring.set(replica.id, retirement);
  return plan;
}

/** The next step of one replica that exists: into rotation, out of it, stopped, removed. */
function planReplica(
  draft: Draft,
  observedReplica: ObservedReplica,
  rotation: Rotation,
  retirement: Retirement | undefined,
  service: Service,
  observed: Observed,
): void {
  const { replica } = observedReplica;
  const operation = (kind: ReplicaOperation['kind'], cause: string): void => {
    draft.operations.push({
      kind,
      service: service.name,
      instance: replica.instance,
      replicaId: replica.id,
      cause,
    });
  };
  const wait = (reason: string): void => {
    draft.waits.push({ service: service.name, instance: replica.instance, reason });
  };
  const busy = observed.busy.get(replica.id);
  const hasPool = service.listeners.some(({ target }) =>
    replica.endpoints.some((endpoint) => endpoint.target === target),
  );
  if (rotation === 'active' && observedReplica.rotation !== 'active' && hasPool) {
    operation('enter', observedReplica.rotation === 'out' ? 'healthy' : 'it shall serve again');
  }
  if (rotation === 'active' && !hasPool && service.listeners.length > 0) {
    wait(
      `it has no address for ${service.listeners.map(({ target }) => target).join(', ')} that the balancer can reach`,
    );
  }
  if (rotation === 'draining' && observedReplica.rotation === 'active')
    operation('drain', retirement?.cause ?? 'drained by hand');
  if (rotation === 'draining' && observedReplica.rotation === 'draining')
    wait(`draining, ${observedReplica.inFlight} in flight`);
  if (retirement === undefined) return;
  if (busy !== undefined) {
    wait(busy.kind === 'stop' ? 'being stopped' : busy.kind === 'remove' ? 'being removed' : 'being started');
    return;
  }
  const isOut = observedReplica.rotation === 'out' || observedReplica.rotation === 'drained';
  if (isAlive(observedReplica)) {
    if (isOut && observed.isBalancerReachable) operation('stop', retirement.cause);
    else if (isOut) wait('the balancer does not answer, so nothing is stopped');
  } else if (retirement.afterwards === 'remove') {
    operation('remove', retirement.cause);
  }
}

function reconcileOrphans(draft: Draft, desired: Desired, observed: Observed): void {
  const orphans = observed.replicas.filter(
    ({ replica }) => desired.stack.services[replica.service] === undefined,
  );
  if (desired.orphans === 'keep') return;
  for (const { replica } of orphans) {
    if (observed.busy.has(replica.id)) {
      draft.waits.push({ service: replica.service, instance: replica.instance, reason: 'being removed' });
      continue;
    }
    const kind = replica.state.kind === 'running' || replica.state.kind === 'restarting' ? 'stop' : 'remove';
    draft.operations.push({
      kind,
      service: replica.service,
      instance: replica.instance,
      replicaId: replica.id,
      cause: 'orphan',
    });
  }
}

/** Turns operations that failed lately into waits; a service whose listener cannot be opened is not begun. */
function holdFailed(draft: Draft, observed: Observed): void {
  if (observed.failures.size === 0) return;
  const unopened = new Set<string>();
  const held = new Set(
    draft.operations.filter((operation) => {
      const failure = observed.failures.get(operationKey(operation));
      if (failure === undefined) return false;
      const service = 'service' in operation ? operation.service : '';
      draft.waits.push({
        service,
        reason: `${operation.kind} failed: ${failure.error.message}`,
        failure: 'operation-failed',
      });
      draft.wakeTimes.push(failure.retryAt);
      if (operation.kind === 'open') unopened.add(operation.service);
      return failure.retryAt > observed.now;
    }),
  );
  const isHeld = (operation: Operation): boolean =>
    held.has(operation) ||
    (operation.kind === 'start' &&
      unopened.has(operation.service) &&
      !observed.byService.get(operation.service)?.some(isRunning));
  const rest = draft.operations.filter((operation) => !isHeld(operation));
  draft.operations.splice(0, draft.operations.length, ...rest);
}

/** Puts what a first start needs before it: the starts of a service that is not prepared wait for that. */
function gatherPreparation(draft: Draft, desired: Desired, observed: Observed): void {
  const needsPreparation = (name: string): boolean => {
    const service = desired.stack.services[name];
    return service !== undefined && !observed.prepared.has(`${name}@${service.revision}`);
  };
  const held = new Set(
    draft.operations.filter((operation) => operation.kind === 'start' && needsPreparation(operation.service)),
  );
  if (held.size === 0) return;
  const services = [
    ...new Set([...held].flatMap((operation) => (operation.kind === 'start' ? [operation.service] : []))),
  ];
  const rest = draft.operations.filter((operation) => !held.has(operation));
  draft.operations.splice(0, draft.operations.length, ...rest);
  const isPreparing = observed.inProgress.some(({ kind }) => kind === 'prepare');
  if (!isPreparing)
    draft.operations.push({ kind: 'prepare', services, cause: 'needed before the first start' });
  for (const service of services)
    draft.waits.push({ service, reason: 'its images, networks and volumes are being prepared' });
}

function planListeners(
  draft: Draft,
  service: Service,
  shallRun: boolean,
  desired: Desired,
  replicas: readonly ObservedReplica[],
): void {
  if (!shallRun && !replicas.some(isRunning)) return;
  for (const listener of service.listeners) {
    const entry = listenerEntry(desired, service, listener, replicas);
    if (entry !== undefined) draft.listeners.push(entry);
  }
}

function compareListeners(draft: Draft, observed: Observed): void {
  const wanted = new Set(draft.listeners.map(({ id }) => id));
  const opened = draft.listeners.filter(({ id }) => !observed.openListeners.has(id));
  const closed = [...observed.openListeners].filter((id) => !wanted.has(id));
  draft.operations.unshift(
    ...opened.map(({ id, hostIp, port }): Operation => {
      const service = id.slice(id.indexOf('/') + 1, id.lastIndexOf(':'));
      return {
        kind: 'open',
        service,
        listener: `${hostIp === '' ? '*' : hostIp}:${port}`,
        cause: `published by ${service}`,
      };
    }),
    ...closed.map((listener): Operation => ({ kind: 'close', listener, cause: 'no longer published' })),
  );
}

function planTeardown(draft: Draft, desired: Desired, observed: Observed): void {
  const { teardown } = desired;
  if (teardown === undefined) return;
  const isLeft = observed.replicas.some(
    ({ replica }) => desired.orphans === 'remove' || desired.stack.services[replica.service] !== undefined,
  );
  if (isLeft || draft.operations.length > 0 || draft.waits.length > 0) return;
  if (observed.inProgress.length > 0)
    draft.waits.push({ service: desired.stack.name, reason: 'being torn down' });
  else draft.operations.push({ kind: 'teardown', removeVolumes: teardown.removeVolumes, cause: 'down' });
}
