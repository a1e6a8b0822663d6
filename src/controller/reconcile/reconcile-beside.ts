import type { Desired, DesiredService } from '../desired.ts';
import type { Observed, ObservedReplica } from '../observed.ts';
import { hookKey, type Operation } from '../plan.ts';
import { serviceAt } from '../revisions.ts';
import { reconcileRunning, type ServicePlan } from './reconcile-service.ts';
import { viewService } from './service-view.ts';
import type { Service } from '../../model/service.ts';
import { hookNames, isHookAhead } from '../../rollout/hooks.ts';
import { placementOf, shareAt, type Placement } from '../../rollout/placement.ts';
import { isUnderWay, type Rollout } from '../../rollout/rollout.ts';

/** Decides over one service that shall run, with one revision or with two beside each other. */
export function planRunning(
  service: Service,
  wanted: DesiredService,
  desired: Desired,
  observed: Observed,
): ServicePlan {
  const { rollout } = wanted;
  const placement =
    rollout === undefined ? undefined : placementOf(rollout, service.rollout, wanted.replicas);
  const stale = rollout === undefined ? undefined : serviceAt(desired, service.name, rollout.from);
  const plan =
    rollout === undefined || placement === undefined || stale === undefined
      ? reconcileRunning(viewService(service, wanted, desired, observed), desired)
      : reconcileBeside(service, stale, { rollout, placement, wanted }, desired, observed);
  if (isUnderWay(rollout)) {
    if (isHookAhead(rollout, service.rollout, 'beforeSwitch')) keepAside(plan, rollout, service, observed);
    planHook(plan, rollout, service, observed);
    plan.waits.push({
      service: service.name,
      revision: rollout.to,
      reason: describeRollout(rollout, service),
    });
  }
  return plan;
}

/** What a rollout that is under way waits for, in a line. */
function describeRollout(rollout: Rollout, { rollout: policy }: Service): string {
  const { strategy, isRollback, to, phase, step, pause, hook } = rollout;
  const way = `${isRollback ? 'back' : strategy} to revision ${to.slice(0, 7)}`;
  if (pause !== undefined) return `${way}: paused, ${pause.reason}`;
  if (hook !== undefined) return `${way}: ${hookNames[hook]}`;
  const share = `${Number((shareAt(policy, step) * 100).toFixed(1))} % of the requests`;
  return `${way}: ${strategy === 'canary' && phase === 'observing' ? share : phase}`;
}

/**
 * Two revisions beside each other: each is kept at its number as if it were alone (what ends is started again, what is
 * missing is created), and stands in rotation or aside.
 */
function reconcileBeside(
  service: Service,
  stale: Service,
  {
    rollout,
    placement,
    wanted,
  }: {
    readonly rollout: Rollout;
    readonly placement: Placement;
    readonly wanted: DesiredService;
  },
  desired: Desired,
  observed: Observed,
): ServicePlan {
  const isStale = ({ replica }: ObservedReplica): boolean => replica.revision === stale.revision;
  const fresh = reconcileRunning(
    viewService(
      service,
      { ...wanted, replicas: placement.freshReplicas },
      desired,
      observed,
      (replica) => !isStale(replica),
    ),
    desired,
  );
  // The old revision is not made anew whatever made the new one: a restart or a new container is for that one.
  const untouched = { ...wanted, rollout: undefined, renewBefore: 0, recreateBefore: 0 };
  const old = reconcileRunning(viewService(stale, untouched, desired, observed, isStale), desired);
  const plan: ServicePlan = {
    operations: [
      ...fresh.operations.map((operation) => besideCause(operation, placement)),
      ...old.operations,
    ],
    waits: [...fresh.waits, ...old.waits],
    retiring: new Map([...fresh.retiring, ...old.retiring]),
    aside: new Map(),
    wakeTimes: [...fresh.wakeTimes, ...old.wakeTimes],
    split: placement.split,
  };
  for (const replica of observed.byService.get(service.name) ?? []) {
    const isInRotation = isStale(replica) ? placement.isStaleInRotation : placement.isFreshInRotation;
    if (isInRotation) continue;
    const cause = isStale(replica) ? 'the new set has taken over' : 'the new set is not complete yet';
    plan.aside.set(replica.replica.id, cause);
  }
  planSmokeTest(plan, rollout, service, observed);
  return plan;
}

function planSmokeTest(
  plan: ServicePlan,
  rollout: Rollout,
  { name, revision }: Service,
  observed: Observed,
): void {
  if (rollout.phase !== 'testing' || observed.verified.has(`${name}@${revision}`)) return;
  const isTesting = observed.inProgress.some(({ kind, service }) => kind === 'smoke' && service === name);
  if (isTesting) plan.waits.push({ service: name, revision, reason: 'the new set is being tested' });
  else plan.operations.push({ kind: 'smoke', service: name, revision, cause: 'before it takes traffic' });
}

/** No request reaches the new revision before its hook has passed. */
function keepAside(plan: ServicePlan, rollout: Rollout, { name }: Service, observed: Observed): void {
  for (const { replica } of observed.byService.get(name) ?? [])
    if (replica.revision === rollout.to) plan.aside.set(replica.id, 'before_switch has not passed yet');
}

function planHook(
  plan: ServicePlan,
  { hook, number, pause }: Rollout,
  { name, revision }: Service,
  observed: Observed,
): void {
  if (hook === undefined || pause !== undefined) return;
  if (observed.verified.has(hookKey(name, number, hook))) return;
  if (observed.inProgress.some(({ kind, service }) => kind === 'hook' && service === name)) return;
  const cause = hook === 'beforeSwitch' ? 'before it takes traffic' : 'it has all requests';
  plan.operations.push({ kind: 'hook', service: name, revision, hook, rollout: number, cause });
}

function besideCause(operation: Operation, { freshReplicas }: Placement): Operation {
  if (operation.kind !== 'start' || operation.existingId !== undefined) return operation;
  return { ...operation, cause: `new revision: ${freshReplicas} beside the old one` };
}
