import { listenerId, type Desired } from '../desired.ts';
import type { Draft } from './draft.ts';
import { gatherPreparation, holdFailed, waitForTable } from './hold-back.ts';
import { isRunning, type Observed } from '../observed.ts';
import type { Operation, Plan } from '../plan.ts';
import { leftPools } from './left-pools.ts';
import { reconcileEnding } from './reconcile-ending.ts';
import { planRunning } from './reconcile-beside.ts';
import { planOrphans, planReplica } from './replica-steps.ts';
import { listenerEntry, poolsOf, wantedRotation } from './routing.ts';
import { planSharedAddresses } from './shared-addresses.ts';
import { serviceAt } from '../revisions.ts';
import type { Service } from '../../model/service.ts';
import { earliest } from '../../shared/earliest.ts';

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
  planSharedAddresses(draft, desired, observed);
  planOrphans(draft, desired, observed);
  compareListeners(draft, observed);
  gatherPreparation(draft, desired, observed);
  planTeardown(draft, desired, observed);
  holdFailed(draft, observed);
  waitForTable(draft, desired, observed);
  const wakeAt = earliest(draft.wakeTimes);
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
      ? planRunning(service, wanted, desired, observed)
      : reconcileEnding(service, wanted.phase, desired, observed);
  const unreachable = observed.unreachable.get(service.kind);
  const drained = new Set(desired.drainedInstances);
  const placed = replicas.map((replica) => ({
    observed: replica,
    own: serviceAt(desired, service.name, replica.replica.revision) ?? service,
    rotation: wantedRotation(
      replica,
      plan.retiring.has(replica.replica.id) ||
        plan.aside.has(replica.replica.id) ||
        drained.has(replica.replica.instance),
    ),
  }));
  if (unreachable !== undefined) {
    keepRouting(draft, service, desired.stack.name, observed);
    draft.waits.push({ service: service.name, reason: unreachable, failure: 'runtime-unreachable' });
    return;
  }
  planListeners(draft, service, wanted.phase === 'running', desired, observed);
  const pools = poolsOf(desired.stack.name, service, placed, plan.split);
  draft.pools.push(...pools, ...leftPools(service.name, pools, observed));
  draft.wakeTimes.push(...plan.wakeTimes);
  draft.operations.push(...plan.operations);
  draft.waits.push(...plan.waits);
  for (const replica of placed) planReplica(draft, replica, plan, service, observed);
}

/** Nothing is known of its replicas now: those that live go on getting their traffic. */
function keepRouting(draft: Draft, service: Service, stackName: string, { routing }: Observed): void {
  const listeners = new Set(service.listeners.map(({ key }) => listenerId(stackName, key)));
  draft.listeners.push(...routing.listeners.filter(({ id }) => listeners.has(id)));
  draft.pools.push(...routing.pools.filter((pool) => pool.service === service.name));
}

function planListeners(
  draft: Draft,
  service: Service,
  shallRun: boolean,
  desired: Desired,
  observed: Observed,
): void {
  const replicas = observed.byService.get(service.name) ?? [];
  const isAnyRunning = replicas.some(isRunning);
  if (!shallRun && !isAnyRunning) return;
  const hasNetworks = isAnyRunning || observed.prepared.has(`${service.name}@${service.revision}`);
  for (const listener of service.listeners) {
    const entry = listenerEntry(desired, service, listener, replicas);
    if (entry === undefined) continue;
    const isPossible = listener.exposure !== 'network' || hasNetworks || observed.openListeners.has(entry.id);
    if (isPossible) draft.listeners.push(entry);
  }
}

function compareListeners(draft: Draft, observed: Observed): void {
  const wanted = new Set(draft.listeners.map(({ id }) => id));
  const opened = draft.listeners.filter(({ id }) => !observed.openListeners.has(id));
  const closed = [...observed.openListeners].filter((id) => !wanted.has(id));
  const services = new Map(draft.pools.map(({ id, service }) => [id, service]));
  draft.operations.unshift(
    ...opened.map(({ pool, hostIp, port, carrier }): Operation => {
      const service = services.get(pool) ?? pool;
      return carrier === 'ambassador'
        ? { kind: 'open', service, listener: `${service}:${port}`, cause: 'its name between containers' }
        : {
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
  if (teardown === undefined || observed.isTornDown) return;
  const isLeft = observed.replicas.some(
    ({ replica }) => desired.orphans === 'remove' || desired.stack.services[replica.service] !== undefined,
  );
  if (isLeft || draft.operations.length > 0 || draft.waits.length > 0) return;
  if (observed.inProgress.length > 0)
    draft.waits.push({ service: desired.stack.name, reason: 'being torn down' });
  else draft.operations.push({ kind: 'teardown', removeVolumes: teardown.removeVolumes, cause: 'down' });
}
