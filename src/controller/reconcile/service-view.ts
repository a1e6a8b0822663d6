import { isBalanced } from '../balanced-targets.ts';
import {
  isRunning,
  runStartedAt,
  type InProgress,
  type Observed,
  type ObservedReplica,
} from '../observed.ts';
import type { Desired, DesiredService } from '../desired.ts';
import type { Replica } from '../../model/replica.ts';
import type { UpdatePolicy } from '../../model/rollout.ts';
import type { Service } from '../../model/service.ts';
import { isHookAhead } from '../../rollout/hooks.ts';
import { isUnderWay, paceOf, type Rollout } from '../../rollout/rollout.ts';

/** One service's part of a snapshot, sorted into the groups that reconcile decides over. */
export interface ServiceView {
  readonly service: Service;
  readonly desired: DesiredService;
  readonly observed: Observed;
  /** Of the wanted revision and young enough; they may be down. */
  readonly current: readonly ObservedReplica[];
  /** To be replaced by new ones, restarted in place, or on their way out for good. */
  readonly outdated: readonly ObservedReplica[];
  /** Replicas being created that the runtime does not show yet. */
  readonly creating: readonly InProgress[];
  /** Indices whose creation is under way, whether or not the runtime shows the replica already. */
  readonly creatingIndices: ReadonlySet<number>;
  /** Whether the balancer carries traffic for it. */
  readonly isBalanced: boolean;
  /** Instances kept out of rotation by hand. */
  readonly drainedInstances: ReadonlySet<string>;
  /** A rolling replacement that is under way. */
  readonly rollout: Rollout | undefined;
  /** How many replicas change at a time, and in which order. */
  readonly pace: UpdatePolicy;
}

export function viewService(
  service: Service,
  wanted: DesiredService,
  desired: Desired,
  observed: Observed,
  belongs: (replica: ObservedReplica) => boolean = () => true,
): ServiceView {
  const present = (observed.byService.get(service.name) ?? []).filter(
    (replica) => observed.busy.get(replica.replica.id)?.kind !== 'remove' && belongs(replica),
  );
  const rollout = isUnderWay(wanted.rollout) ? wanted.rollout : undefined;
  const { true: current = [], false: outdated = [] } = Object.groupBy(present, (replica) =>
    isUpToDate(replica, service, wanted) && !observed.condemned.has(replica.replica.id) ? 'true' : 'false',
  );
  const visible = new Set(current.map(({ replica }) => replica.index));
  const creating = (observed.creating.get(service.name) ?? []).filter(
    ({ revision }) => revision === service.revision,
  );
  return {
    service,
    desired: withoutRemoved(wanted, observed.removedByHand.get(service.name) ?? 0),
    observed,
    current,
    outdated,
    creating: creating.filter(({ index }) => index !== undefined && !visible.has(index)),
    creatingIndices: new Set(creating.flatMap(({ index }) => index ?? [])),
    isBalanced: isBalanced(service),
    drainedInstances: new Set(desired.drainedInstances),
    rollout,
    pace: rollout === undefined ? service.update : paceOf(rollout, service),
  };
}

function withoutRemoved(wanted: DesiredService, removed: number): DesiredService {
  return removed === 0 ? wanted : { ...wanted, replicas: Math.max(0, wanted.replicas - removed) };
}

function isUpToDate({ replica }: ObservedReplica, service: Service, wanted: DesiredService): boolean {
  if (replica.revision !== service.revision || replica.createdAt < wanted.recreateBefore) return false;
  if (replica.state.kind !== 'running') return true;
  return replica.state.startedAt >= wanted.renewBefore && !isRecycled(replica, wanted);
}

/** It is the one that is being replaced by its like. */
export function isRecycled({ id, state }: Replica, { recycling }: DesiredService): boolean {
  if (recycling === undefined || state.kind !== 'running') return false;
  return recycling.replicaId === id && recycling.startedAt === state.startedAt;
}

/** Whether an outdated replica is kept and started again, not replaced: only its run is too old. */
export function isRestartInPlace(
  { replica }: ObservedReplica,
  { service, desired, observed, pace }: ServiceView,
): boolean {
  return (
    pace.order === 'stop-first' &&
    replica.revision === service.revision &&
    replica.createdAt >= desired.recreateBefore &&
    !observed.condemned.has(replica.id)
  );
}

/** Takes its share of the work now: in rotation, or healthy where there is no traffic to take. */
export function isServing(
  replica: ObservedReplica,
  { isBalanced }: Pick<ServiceView, 'isBalanced'>,
): boolean {
  return isRunning(replica) && (isBalanced ? replica.rotation === 'active' : replica.health === 'healthy');
}

/** Serves, or could: nothing comes to a new one before the first check of a pool that asks only who passes. */
export function hasBegunToServe(replica: ObservedReplica, view: ServiceView): boolean {
  return isServing(replica, view) && replica.condition !== 'unchecked';
}

/** Its last run ended before a command asked for it to run: its exit code says nothing about that. */
export function endedBeforeActive({ replica }: ObservedReplica, desired: DesiredService): boolean {
  const startedAt = runStartedAt(replica);
  return startedAt === undefined || startedAt < Math.max(desired.activeSince, desired.renewBefore);
}

/**
 * Indices for `count` new replicas: the lowest from 1 that are free. Start-first takes those of the replicas to be
 * replaced before any other, so that an index stays with its place in the service.
 */
export function nextIndices(view: ServiceView, count: number): readonly number[] {
  const taken = new Set([
    ...view.current.map(({ replica }) => replica.index),
    ...view.creating.flatMap(({ index }) => index ?? []),
  ]);
  const replaceable = [...new Set(view.outdated.map(({ replica }) => replica.index))].filter(
    (index) => !taken.has(index),
  );
  const chosen = view.pace.order === 'start-first' ? replaceable.sort((a, b) => a - b).slice(0, count) : [];
  const avoided = new Set([...taken, ...replaceable]);
  for (let index = 1; chosen.length < count; index += 1) {
    if (!avoided.has(index)) chosen.push(index);
  }
  return chosen;
}

/** Staying out of rotation holds nothing back that takes no requests: its rollout stands still until the hook has passed. */
export function isHeldByHook(
  { rollout, service, isBalanced }: ServiceView,
  current: readonly ObservedReplica[],
): boolean {
  if (rollout === undefined || isBalanced) return false;
  return (
    isHookAhead(rollout, service.rollout, 'beforeSwitch') &&
    current.some(({ health }) => health === 'healthy')
  );
}
