import { isBalanced } from '../balanced-targets.ts';
import type { Desired } from '../desired.ts';
import { isRunning, type Observed, type ObservedReplica } from '../observed.ts';
import { hookKey, type Plan } from '../plan.ts';
import { describeExit } from '../reconcile/dependencies.ts';
import type { MetricsSource } from '../../metrics/metrics-source.ts';
import type { RolloutHook } from '../../model/rollout.ts';
import type { Service } from '../../model/service.ts';
import type { Fault, ReplicaFacts, RolloutFacts, SmokeResult } from '../../rollout/facts.ts';
import { trafficOfRevision } from '../../rollout/gate/revision-traffic.ts';
import { hookNames } from '../../rollout/hooks.ts';
import { paceOf, type Rollout } from '../../rollout/rollout.ts';

const hookKinds: readonly RolloutHook[] = ['beforeSwitch', 'afterSwitch'];

/** What there is to judge a new revision by, beside the snapshot. */
export interface Evidence {
  readonly metrics: Pick<MetricsSource, 'between'> | undefined;
  /** A simulation: a new revision is taken to be as good as the old one. */
  readonly isGateOpen: boolean;
}

/** A snapshot, seen by the rollout of one service. */
export function rolloutFacts(
  service: Service,
  rollout: Rollout,
  desired: Desired,
  { observed, plan }: { readonly observed: Observed; readonly plan: Plan },
  { metrics, isGateOpen }: Evidence,
): RolloutFacts {
  const present = observed.byService.get(service.name) ?? [];
  const isFresh = ({ replica }: ObservedReplica): boolean => replica.revision === rollout.to;
  const fresh = present.filter((each) => isFresh(each) && !observed.condemned.has(each.replica.id));
  const stale = present.filter((each) => !isFresh(each));
  const drained = new Set(desired.drainedInstances);
  const isServed = isBalanced(service);
  return {
    now: observed.now,
    policy: service.rollout,
    pace: paceOf(rollout, service),
    replicas: desired.services[service.name]?.replicas ?? 0,
    fresh: fresh.map((replica) => replicaFacts(replica, service, drained)),
    stale: stale.map((replica) => replicaFacts(replica, service, drained)),
    faults: faultsOf(service, rollout, observed, plan),
    isBlind: observed.unreachable.has(service.kind) || (isServed && !observed.isBalancerReachable),
    smoke: smokeResult(service, observed),
    hook: hookResult(service, rollout, observed),
    trafficOf:
      metrics === undefined
        ? undefined
        : (revision, from, to) =>
            trafficOfRevision(metrics.between(desired.stack.name, service.name, from, to), revision, from),
    isGateOpen,
  };
}

function replicaFacts(
  observed: ObservedReplica,
  service: Service,
  drained: ReadonlySet<string>,
): ReplicaFacts {
  const { replica, health, rotation, condition, history } = observed;
  const { state } = replica;
  const isReady = isRunning(observed) && health === 'healthy';
  const hasCompleted = state.kind === 'exited' && state.exitCode === 0 && service.restart.condition !== 'any';
  const isTakingPart = !isBalanced(service) || (rotation === 'active' && condition !== 'unchecked');
  return {
    id: replica.id,
    instance: replica.instance,
    isReady,
    isServing: hasCompleted || (isReady && (isTakingPart || drained.has(replica.instance))),
    startedAt: state.kind === 'running' ? state.startedAt : undefined,
    problem: hasCompleted ? undefined : problemOf(observed),
    lastEndAt: hasCompleted ? undefined : lastEndOf(observed, history.ends.at(-1)?.time),
  };
}

function problemOf(observed: ObservedReplica): string | undefined {
  const { replica, health, healthOutput, condition, conditionReason } = observed;
  if (replica.state.kind === 'exited') return `it ended with ${describeExit(observed)}`;
  if (health === 'unhealthy') return `unhealthy${healthOutput === undefined ? '' : `: ${healthOutput}`}`;
  if (condition === 'down') return `the balancer's checks fail: ${conditionReason ?? 'no reason is known'}`;
  return undefined;
}

function lastEndOf({ replica: { state } }: ObservedReplica, counted: number | undefined): number | undefined {
  if (state.kind !== 'exited' || state.isStoppedByHand === true) return counted;
  return Math.max(state.finishedAt, counted ?? 0);
}

/** What the plan says will not come about without help, as far as it is about the new revision. */
function faultsOf({ name }: Service, { to }: Rollout, observed: Observed, plan: Plan): readonly Fault[] {
  // Those of the new revision's commands are told apart from its replicas' own.
  const commandErrors = new Set(
    [`smoke ${name}`, ...hookKinds.map((hook) => hookOperation(name, hook))].flatMap(
      (key) => observed.failures.get(key)?.error ?? [],
    ),
  );
  const others = new Set(
    (observed.byService.get(name) ?? [])
      .filter(({ replica }) => replica.revision !== to)
      .map(({ replica }) => replica.id),
  );
  return plan.waits.flatMap(
    ({ service, instance = name, replicaId, revision = to, reason, failure, error }) => {
      const isOurs = service === name && revision === to && !others.has(replicaId ?? '');
      if (!isOurs || failure === undefined || failure === 'runtime-unreachable') return [];
      return error !== undefined && commandErrors.has(error) ? [] : [{ replicaId, instance, reason }];
    },
  );
}

function smokeResult({ name, revision }: Service, observed: Observed): SmokeResult {
  if (observed.verified.has(`${name}@${revision}`)) return { kind: 'passed' };
  return failureOf(`smoke ${name}`, observed);
}

function hookResult({ name }: Service, { hook, number }: Rollout, observed: Observed): SmokeResult {
  if (hook === undefined) return { kind: 'pending' };
  if (observed.verified.has(hookKey(name, number, hook))) return { kind: 'passed' };
  return failureOf(hookOperation(name, hook), observed);
}

function failureOf(operation: string, observed: Observed): SmokeResult {
  const failure = observed.failures.get(operation);
  if (failure === undefined) return { kind: 'pending' };
  return { kind: 'failed', reason: [failure.error.message, ...failure.error.details].join(' | ') };
}

/** The `operationKey` of a hook. */
function hookOperation(service: string, hook: RolloutHook): string {
  return `hook ${service} ${hookNames[hook]}`;
}
