import { describeExit } from './reconcile/dependencies.ts';
import { isRunning, type Observed, type ObservedReplica, type Unpublished } from './observed.ts';

export type ChangeKind =
  | 'replica.created'
  | 'replica.started'
  | 'replica.healthy'
  | 'replica.unhealthy'
  | 'replica.in-rotation'
  | 'replica.draining'
  | 'replica.drained'
  | 'replica.stopped'
  | 'replica.removed'
  | 'replica.exited'
  | 'replica.adopted'
  | 'replica.recycled'
  | 'runtime.unreachable'
  | 'runtime.recovered'
  | 'balancer.lost'
  | 'balancer.refused'
  | 'balancer.recovered'
  | 'change.undoing'
  | 'rollout.started'
  | 'rollout.step'
  | 'rollout.paused'
  | 'rollout.failed'
  | 'rollout.finished';

/** What the journal and a command's live lines say of the step from one snapshot to the next. */
export interface Change {
  readonly kind: ChangeKind;
  readonly service?: string;
  readonly instance?: string;
  /** Tells two replicas apart that share an instance while one replaces the other. */
  readonly replicaId?: string;
  /** What more there is to say: the cause, an exit code, a check's output. May be empty. */
  readonly message: string;
}

/** What the controller itself knows of a replica's last change. */
export interface Doings {
  /** Whether the end of its last run was asked for. */
  hasStopped(replicaId: string): boolean;
  /** Cause of the last operation on the instance of that name. */
  causeOf(instance: string): string;
}

/**
 * Compares two snapshots. `before` undefined is the first look of a daemon: what exists then is adopted.
 **/
export function describeChanges(
  before: Observed | undefined,
  after: Observed,
  doings: Doings,
): readonly Change[] {
  const changes: Change[] = [];
  const known = new Map(before?.replicas.map((replica) => [replica.replica.id, replica]));
  for (const replica of after.replicas) {
    const previous = known.get(replica.replica.id);
    known.delete(replica.replica.id);
    if (before === undefined) changes.push(change('replica.adopted', replica, `found ${stateWord(replica)}`));
    else changes.push(...replicaChanges(previous, replica, doings));
  }
  for (const gone of known.values()) changes.push(change('replica.removed', gone, ''));
  if (before !== undefined) changes.push(...reachabilityChanges(before, after));
  return changes;
}

function replicaChanges(
  before: ObservedReplica | undefined,
  after: ObservedReplica,
  doings: Doings,
): readonly Change[] {
  const changes: Change[] = [];
  const cause = doings.causeOf(after.replica.instance);
  if (before === undefined) changes.push(change('replica.created', after, cause));
  const isNewRun = isRunning(after) && !isSameRun(before, after);
  if (isNewRun)
    changes.push(change('replica.started', after, before?.replica.state.kind === 'exited' ? cause : ''));
  if (!isRunning(after)) {
    if (after.replica.state.kind === 'exited' && (before === undefined || isRunning(before))) {
      const isExpected = doings.hasStopped(after.replica.id);
      changes.push(change(isExpected ? 'replica.stopped' : 'replica.exited', after, describeExit(after)));
    }
    return changes;
  }
  const healthBefore = isNewRun ? 'starting' : before?.health;
  if (after.health !== healthBefore && after.health === 'healthy')
    changes.push(change('replica.healthy', after, ''));
  if (after.health !== healthBefore && after.health === 'unhealthy') {
    changes.push(change('replica.unhealthy', after, after.healthOutput ?? ''));
  }
  const rotationBefore = isNewRun ? 'out' : before?.rotation;
  if (after.rotation !== rotationBefore) {
    if (after.rotation === 'active') changes.push(change('replica.in-rotation', after, ''));
    if (after.rotation === 'draining')
      changes.push(change('replica.draining', after, `${after.inFlight} in flight: ${cause}`));
    if (after.rotation === 'drained')
      changes.push(change('replica.drained', after, rotationBefore === 'draining' ? '' : cause));
  }
  return changes;
}

function isSameRun(before: ObservedReplica | undefined, after: ObservedReplica): boolean {
  return (
    before?.replica.state.kind === 'running' &&
    after.replica.state.kind === 'running' &&
    before.replica.state.startedAt === after.replica.state.startedAt
  );
}

function reachabilityChanges(before: Observed, after: Observed): readonly Change[] {
  const changes: Change[] = [];
  for (const [kind, reason] of after.unreachable) {
    if (!before.unreachable.has(kind))
      changes.push({
        kind: 'runtime.unreachable',
        message: `${reason}; ${kind} replicas are shown as last seen`,
      });
  }
  for (const kind of before.unreachable.keys()) {
    if (!after.unreachable.has(kind))
      changes.push({ kind: 'runtime.recovered', message: `the runtime of ${kind} services answers again` });
  }
  if (before.isBalancerReachable && !after.isBalancerReachable)
    changes.push({ kind: 'balancer.lost', message: 'the balancer does not answer' });
  if (!before.isBalancerReachable && after.isBalancerReachable)
    changes.push({ kind: 'balancer.recovered', message: 'the balancer answers again' });
  changes.push(...tableChanges(before.unpublished, after.unpublished));
  return changes;
}

function tableChanges(before: Unpublished | undefined, after: Unpublished | undefined): readonly Change[] {
  if (after === undefined)
    return before === undefined
      ? []
      : [{ kind: 'balancer.recovered', message: 'the balancer has taken all that is wanted of it' }];
  const { error, isRefused } = after;
  if (error.message === before?.error.message && error.got === before.error.got) return [];
  const message = `${error.message}${error.got === undefined ? '' : `: ${error.got}`}`;
  return [{ kind: isRefused ? 'balancer.refused' : 'balancer.lost', message }];
}

function change(kind: Change['kind'], { replica }: ObservedReplica, message: string): Change {
  return {
    kind,
    service: replica.service,
    instance: replica.instance,
    replicaId: replica.id,
    message,
  };
}

function stateWord(replica: ObservedReplica): string {
  return isRunning(replica) ? `running, ${replica.health}` : replica.replica.state.kind;
}
