import { unmetDependency } from './dependencies.ts';
import type { TrafficSplit } from '../../balancer/balancer-driver.ts';
import type { Desired } from '../desired.ts';
import { isRunning, type ObservedReplica } from '../observed.ts';
import type { Operation, Wait } from '../plan.ts';
import { decideRestart } from './restart-policy.ts';
import {
  endedBeforeActive,
  hasBegunToServe,
  isHeldByHook,
  isRecycled,
  isRestartInPlace,
  isServing,
  nextIndices,
  type ServiceView,
} from './service-view.ts';
import { chooseVictims } from './victims.ts';
import { nextRollingStep } from '../../rollout/strategies/rolling-step.ts';
import { firstBatchWatchedUntil } from '../../rollout/watch.ts';

/** Why a replica is on its way out, and what becomes of it. */
export interface Retirement {
  readonly cause: string;
  readonly afterwards: 'remove' | 'keep';
}

export interface ServicePlan {
  readonly operations: Operation[];
  readonly waits: Wait[];
  /** Replicas on their way out, by id. */
  readonly retiring: Map<string, Retirement>;
  /** Replicas kept out of rotation that stay, by id, with the cause. */
  readonly aside: Map<string, string>;
  /** Times at which a look is due, milliseconds since the epoch. */
  readonly wakeTimes: number[];
  /** Which revision gets which part of the requests. */
  readonly split?: TrafficSplit | undefined;
}

/** Ends in a row after which a command stops waiting and says that the replica failed; restarts go on. */
const attemptsUntilFailure = 3;

/** Decides over one service that shall run: who is created, started again, replaced, sent away, and what to wait for. */
export function reconcileRunning(view: ServiceView, desired: Desired): ServicePlan {
  const plan: ServicePlan = {
    operations: [],
    waits: [],
    retiring: new Map(),
    aside: new Map(),
    wakeTimes: [],
  };
  // One that is only being created is no reason to send a serving one away: when it is too many, it goes itself.
  const surplus = view.current.length - view.desired.replicas;
  for (const { replica, cause } of chooseVictims(view.current, surplus, () => false)) {
    retire(plan, replica, `scale to ${view.desired.replicas}: ${cause}`);
  }
  const kept = view.current.filter(({ replica }) => !plan.retiring.has(replica.id));
  const blocked = unmetDependency(view.service, desired, view.observed);
  planReplacement(plan, view, kept, blocked);
  for (const replica of kept) {
    if (isRunning(replica)) waitUntilServing(plan, view, replica);
    else planRestart(plan, view, replica, blocked);
  }
  for (const { index } of view.creating) {
    plan.waits.push({
      revision: view.service.revision,
      service: view.service.name,
      instance: `${view.service.name}-${index}`,
      reason: 'being created',
    });
  }
  return plan;
}

function retire(
  plan: ServicePlan,
  { replica }: ObservedReplica,
  cause: string,
  afterwards: Retirement['afterwards'] = 'remove',
): void {
  plan.retiring.set(replica.id, { cause, afterwards });
}

function planReplacement(
  plan: ServicePlan,
  view: ServiceView,
  kept: readonly ObservedReplica[],
  blocked: Wait | undefined,
): void {
  const { service, desired, observed, rollout, pace } = view;
  const isPaused = rollout?.pause !== undefined || isHeldByHook(view, kept);
  const failed = new Set(rollout?.failures.flatMap(({ replicaId }) => replicaId ?? []));
  const isInPlace = (replica: ObservedReplica): boolean => isRestartInPlace(replica, view);
  const leaving = view.outdated.filter((replica) => isLeaving(replica, view));
  const serving = view.outdated.filter((replica) => isServing(replica, view) && !leaving.includes(replica));
  const idle = view.outdated.filter((replica) => !serving.includes(replica) && !leaving.includes(replica));
  const servingCurrent = kept.filter((replica) => hasBegunToServe(replica, view));
  // One that failed, where some may fail, is waited for no longer.
  const isSettled = (replica: ObservedReplica): boolean =>
    hasBegunToServe(replica, view) || isSettledAside(replica, view) || failed.has(replica.replica.id);
  const step = nextRollingStep(pace, {
    desired: desired.replicas,
    current: kept.length + view.creating.length,
    servingCurrent: kept.filter(isSettled).length,
    servingOutdated: serving.length,
    outdated: view.outdated.length,
    leaving: leaving.length + idle.length,
    lastServingAt:
      servingCurrent.length === 0
        ? undefined
        : Math.max(...servingCurrent.map(({ healthSince }) => healthSince)),
    watchedUntil:
      rollout === undefined
        ? undefined
        : firstBatchWatchedUntil(
            rollout,
            pace,
            kept.map(({ replica }) => replica.id),
          ),
    isPaused,
    now: observed.now,
  });
  if (isPaused) {
    // Both revisions stay as they are, for as long as that may last.
    for (const replica of idle) if (!isRunning(replica)) planRestart(plan, view, replica, blocked);
  }
  for (const replica of [
    ...leaving,
    ...(isPaused ? [] : idle),
    ...chooseReplaced(serving, servingCurrent, step.retire),
  ]) {
    retire(plan, replica, outdatedCause(replica, view), isInPlace(replica) ? 'keep' : 'remove');
  }
  for (const replica of serving) {
    if (!plan.retiring.has(replica.replica.id)) {
      plan.waits.push({
        service: service.name,
        instance: replica.replica.instance,
        reason: `to be replaced: ${outdatedCause(replica, view)}`,
      });
    }
  }
  if (step.holdUntil !== undefined) {
    plan.wakeTimes.push(step.holdUntil);
    plan.waits.push({
      service: service.name,
      reason: `next batch in ${seconds(step.holdUntil - observed.now)}`,
    });
  }
  planCreations(plan, view, step.create, blocked);
}

/** Those first whose index a new replica has taken over; the others in the order of victims. */
function chooseReplaced(
  serving: readonly ObservedReplica[],
  successors: readonly ObservedReplica[],
  count: number,
): readonly ObservedReplica[] {
  const taken = new Set(successors.map(({ replica }) => replica.index));
  const succeeded = serving.filter(({ replica }) => taken.has(replica.index));
  const others = serving.filter((replica) => !succeeded.includes(replica));
  const victims = chooseVictims(others, count - succeeded.length, () => false);
  return [...succeeded, ...victims.map(({ replica }) => replica)].slice(0, count);
}

function planCreations(plan: ServicePlan, view: ServiceView, count: number, blocked: Wait | undefined): void {
  if (count === 0) return;
  if (blocked !== undefined) {
    plan.waits.push(blocked);
    return;
  }
  const { service, desired } = view;
  for (const index of nextIndices(view, count)) {
    const replaced = view.outdated.some(({ replica }) => replica.index === index);
    plan.operations.push({
      kind: 'start',
      service: service.name,
      index,
      instance: `${service.name}-${index}`,
      revision: service.revision,
      existingId: undefined,
      cause: replaced ? `replaces ${service.name}-${index}` : `scale to ${desired.replicas}`,
    });
  }
}

/** It was sent on its way before: out of rotation in the balancer, or being stopped. */
function isLeaving(replica: ObservedReplica, view: ServiceView): boolean {
  const isBeingStopped = view.observed.busy.get(replica.replica.id)?.kind === 'stop';
  return isBeingStopped || replica.rotation === 'draining' || replica.rotation === 'drained';
}

/** Needs no waiting for although it takes no traffic: it completed, or a person drained it. */
function isSettledAside(replica: ObservedReplica, view: ServiceView): boolean {
  const { state, instance } = replica.replica;
  if (state.kind === 'running') return view.drainedInstances.has(instance) && replica.health === 'healthy';
  if (isLeftStopped(replica, view)) return true;
  return state.kind === 'exited' && state.exitCode === 0 && !endedBeforeActive(replica, view.desired);
}

/** Somebody stopped it through the runtime, after the last command that wanted it to run. */
function isLeftStopped(replica: ObservedReplica, view: ServiceView): boolean {
  const { state } = replica.replica;
  return (
    state.kind === 'exited' && state.isStoppedByHand === true && !endedBeforeActive(replica, view.desired)
  );
}

function outdatedCause({ replica }: ObservedReplica, { service, desired, observed }: ServiceView): string {
  const condemnedFor = observed.condemned.get(replica.id);
  if (condemnedFor !== undefined) return condemnedFor;
  if (replica.revision !== service.revision) {
    return `revision ${replica.revision.slice(0, 7)} → ${service.revision.slice(0, 7)}`;
  }
  if (isRecycled(replica, desired) && desired.recycling !== undefined) return desired.recycling.reason;
  return replica.createdAt < desired.recreateBefore ? 'to be recreated' : 'restart';
}

function planRestart(
  plan: ServicePlan,
  view: ServiceView,
  replica: ObservedReplica,
  blocked: Wait | undefined,
): void {
  if (isLeftStopped(replica, view)) return;
  const { service, observed, desired } = view;
  const { id, index, instance, revision, state } = replica.replica;
  const subject = { service: service.name, instance, replicaId: id, revision };
  if (observed.busy.has(id) || view.creatingIndices.has(index)) {
    plan.waits.push({ service: service.name, instance, reason: 'being started' });
    return;
  }
  const start = (cause: string): void => {
    plan.operations.push({
      kind: 'start',
      service: service.name,
      index,
      instance,
      revision,
      existingId: id,
      cause,
    });
  };
  if (state.kind === 'restarting') {
    plan.waits.push({ service: service.name, instance, reason: 'its runtime is about to start it again' });
  } else if (state.kind !== 'exited' || endedBeforeActive(replica, desired)) {
    if (blocked === undefined)
      start(state.kind === 'exited' ? 'it was stopped and shall run' : 'it was created and never started');
    else plan.waits.push(blocked);
  } else {
    const decision = decideRestart(service.restart, replica.history, state.exitCode, state.finishedAt);
    const ended = `it ended${state.exitCode === undefined ? '' : ` with exit code ${state.exitCode}`}`;
    if (decision.kind === 'give-up') {
      const reason = `${ended}${state.reason === undefined ? '' : ` (${state.reason})`}; ${decision.reason}`;
      plan.waits.push({ ...subject, reason, failure: 'replica-failed' });
    } else if (decision.kind === 'start' && decision.at <= observed.now) {
      start(`${ended}; restart ${decision.attempt}`);
    } else if (decision.kind === 'start') {
      plan.wakeTimes.push(decision.at);
      const reason = `${ended}; restart ${decision.attempt} in ${seconds(decision.at - observed.now)}`;
      const isLoop = decision.attempt >= attemptsUntilFailure;
      plan.waits.push({
        ...subject,
        reason,
        ...(isLoop && { failure: 'replica-failed' as const }),
      });
    }
  }
}

function waitUntilServing(plan: ServicePlan, view: ServiceView, replica: ObservedReplica): void {
  const { service, observed } = view;
  const { id, instance, revision, state } = replica.replica;
  if (state.kind !== 'running' || view.drainedInstances.has(instance)) return;
  if (replica.health === 'healthy') {
    if (replica.rotation === 'active' && replica.condition === 'unchecked')
      plan.waits.push({ service: service.name, instance, reason: 'not checked by the balancer yet' });
    return;
  }
  // What it did before this daemon looked after it, nobody knows: it may have been healthy for long.
  const awaitedSince = Math.max(state.startedAt, replica.healthSince);
  const awaitedMs = observed.now - awaitedSince;
  const isOverdue = replica.health === 'unhealthy' || awaitedMs > service.startTimeoutMs;
  const lastWords = replica.healthOutput === undefined ? '' : `: ${replica.healthOutput}`;
  const reason =
    replica.health === 'unhealthy'
      ? `unhealthy${lastWords}`
      : `not healthy after ${seconds(awaitedMs)} of ${seconds(service.startTimeoutMs)}${lastWords}`;
  const subject = { service: service.name, instance, replicaId: id, revision };
  plan.waits.push({ ...subject, reason, ...(isOverdue && { failure: 'replica-failed' as const }) });
  if (!isOverdue) plan.wakeTimes.push(awaitedSince + service.startTimeoutMs + 1);
}

function seconds(milliseconds: number): string {
  return `${(Math.max(0, milliseconds) / 1000).toFixed(1)} s`;
}
