import type { ReplicaHistory } from './reconcile/restart-policy.ts';
import type { RoutingTable } from '../balancer/balancer-driver.ts';
import type { Replica } from '../model/replica.ts';
import type { TenfoldError } from '../shared/errors.ts';

/** One snapshot of the world, as reconcile sees it. Times are milliseconds since the epoch. */
export interface Snapshot {
  readonly now: number;
  readonly replicas: readonly ObservedReplica[];
  /** Ids of the listeners that the balancer holds open for this stack. */
  readonly openListeners: ReadonlySet<string>;
  /** Runtimes that do not answer, by service kind, with the reason; their replicas are as last seen. */
  readonly unreachable: ReadonlyMap<string, string>;
  readonly isBalancerReachable: boolean;
  /** Ids of the endpoints that the balancer has drained. */
  readonly drainedEndpoints: ReadonlySet<string>;
  /** The stack's part of the routing table in force: what a service keeps whose runtime does not answer. */
  readonly routing: RoutingTable;
  /** What of the table that the last pass wanted is not in force; undefined: all of it is. */
  readonly unpublished: Unpublished | undefined;
  readonly inProgress: readonly InProgress[];
  /** Services whose images, networks and volumes are known to be there, as `name@revision`. */
  readonly prepared: ReadonlySet<string>;
  /** Revisions that passed their smoke test, as `name@revision`, and hooks that passed, by `hookKey`. */
  readonly verified: ReadonlySet<string>;
  /** Replicas whose removal was begun, with its cause: there is no way back for them. */
  readonly condemned: ReadonlyMap<string, string>;
  /** Replicas, by service, that somebody else stopped and then removed since the last command: they are not replaced. */
  readonly removedByHand: ReadonlyMap<string, number>;
  /** What was made for the stack has been removed. */
  readonly isTornDown: boolean;
  /** Operations that failed, by `operationKey`: held back until their next try. */
  readonly failures: ReadonlyMap<string, OperationFailure>;
}

/** A snapshot with the look-ups that keep a pass linear. */
export interface Observed extends Snapshot {
  readonly byService: ReadonlyMap<string, readonly ObservedReplica[]>;
  /** What is being done to a replica, by its id. */
  readonly busy: ReadonlyMap<string, InProgress>;
  /** Replicas being created, by service. */
  readonly creating: ReadonlyMap<string, readonly InProgress[]>;
}

export interface Unpublished {
  readonly error: TenfoldError;
  /** Services of which something is not in force; for a shared address its name after `@`. */
  readonly services: readonly string[];
  /** The balancer has said no to it. False: it did not answer, and is asked again at once. */
  readonly isRefused: boolean;
}

export interface OperationFailure {
  readonly error: TenfoldError;
  readonly attempts: number;
  readonly retryAt: number;
}

export function indexSnapshot(snapshot: Snapshot): Observed {
  const creating = snapshot.inProgress.filter(
    ({ kind, replicaId }) => kind === 'start' && replicaId === undefined,
  );
  return {
    ...snapshot,
    byService: Map.groupBy(snapshot.replicas, ({ replica }) => replica.service),
    busy: new Map(
      snapshot.inProgress.flatMap((each) =>
        each.replicaId === undefined ? [] : [[each.replicaId, each] as const],
      ),
    ),
    creating: Map.groupBy(creating, ({ service }) => service),
  };
}

export interface ObservedReplica {
  readonly replica: Replica;
  /** The runtime's own verdict, else that of our checks. */
  readonly health: 'starting' | 'healthy' | 'unhealthy';
  readonly healthSince: number;
  /** What the last failed check said. */
  readonly healthOutput: string | undefined;
  /** What the balancer has acknowledged; `out` when it is not in the table. */
  readonly rotation: 'out' | 'active' | 'draining' | 'drained';
  /** The balancer's own opinion of it; undefined when it is not in the table. At each of its ports the best that a pool has counts. */
  readonly condition: 'up' | 'down' | 'ejected' | 'unchecked' | undefined;
  readonly conditionReason: string | undefined;
  readonly inFlight: number;
  readonly requests: number;
  readonly failed: number;
  readonly history: ReplicaHistory;
}

/** An operation that was begun and has not ended. */
export interface InProgress {
  readonly kind: 'prepare' | 'start' | 'stop' | 'remove' | 'smoke' | 'hook' | 'teardown';
  readonly service: string;
  readonly index: number | undefined;
  readonly revision: string | undefined;
  /** Undefined while a replica is being created. */
  readonly replicaId: string | undefined;
}

export function isRunning(observed: ObservedReplica): boolean {
  return observed.replica.state.kind === 'running';
}

/** Has a process now, or will have one again without our doing. */
export function isAlive({ replica }: ObservedReplica): boolean {
  return replica.state.kind === 'running' || replica.state.kind === 'restarting';
}

/** When the run that goes on, or the last one, began. */
export function runStartedAt(replica: Replica): number | undefined {
  return replica.state.kind === 'running' || replica.state.kind === 'exited'
    ? replica.state.startedAt
    : undefined;
}
