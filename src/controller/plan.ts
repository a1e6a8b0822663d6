import type { RolloutHook } from '../model/rollout.ts';
import { hookNames } from '../rollout/hooks.ts';
import type { TenfoldError } from '../shared/errors.ts';
import type { RoutingTable } from '../balancer/balancer-driver.ts';

/** One thing to do, with its cause. Each maps to one call of a driver. */
export type Operation =
  | { readonly kind: 'prepare'; readonly services: readonly string[]; readonly cause: string }
  | { readonly kind: 'open'; readonly service: string; readonly listener: string; readonly cause: string }
  | { readonly kind: 'close'; readonly listener: string; readonly cause: string }
  | StartOperation
  | StopOperation
  | ReplicaOperation
  /** Tests the replicas of a new revision before they take traffic. */
  | {
      readonly kind: 'smoke';
      readonly service: string;
      readonly revision: string;
      readonly cause: string;
    }
  /** Runs a command of the stack's own at a moment of a rollout. */
  | {
      readonly kind: 'hook';
      readonly service: string;
      readonly revision: string;
      readonly hook: RolloutHook;
      /** Number of the rollout in the service's history. */
      readonly rollout: number;
      readonly cause: string;
    }
  | { readonly kind: 'teardown'; readonly removeVolumes: boolean; readonly cause: string };

export interface StartOperation {
  readonly kind: 'start';
  readonly service: string;
  readonly index: number;
  readonly instance: string;
  readonly revision: string;
  /** Undefined: a new replica is created. */
  readonly existingId: string | undefined;
  readonly cause: string;
}

export interface StopOperation {
  readonly kind: 'stop';
  readonly service: string;
  readonly instance: string;
  readonly replicaId: string;
  /** What becomes of the replica once it is stopped. */
  readonly afterwards: 'remove' | 'keep';
  readonly cause: string;
}

/** `enter` and `drain` change the routing table; `remove` acts on the replica. */
export interface ReplicaOperation {
  readonly kind: 'enter' | 'drain' | 'remove';
  readonly service: string;
  readonly instance: string;
  readonly replicaId: string;
  readonly cause: string;
}

/** Something that has to come true by itself before the stack is as desired. */
export interface Wait {
  readonly service: string;
  readonly instance?: string;
  /** Two replicas may share the instance, and two revisions the service, while one replaces the other. */
  readonly replicaId?: string;
  readonly revision?: string;
  /** One line for a person. */
  readonly reason: string;
  /** Set when it will not come true without help: what a command reports as its failure. */
  readonly failure?: 'replica-failed' | 'dependency-failed' | 'runtime-unreachable' | 'runtime-failed';
  /** What the operation that failed threw. */
  readonly error?: TenfoldError;
}

export interface Plan {
  readonly operations: readonly Operation[];
  readonly waits: readonly Wait[];
  /** The stack's part of the routing table, to be in force before any operation runs. */
  readonly table: RoutingTable;
  /** When to look again even if nothing is heard, milliseconds since the epoch. */
  readonly wakeAt: number | undefined;
}

export function isSteady(plan: Plan): boolean {
  return plan.operations.length === 0 && plan.waits.length === 0;
}

/**
 * The plan as people read it: one line per operation, aligned, with its cause. The same text stands in `--dry-run`,
 * the log, the dashboard and the tests.
 */
export function formatPlan(plan: Pick<Plan, 'operations' | 'waits'>): string {
  const rows = [
    ...plan.operations.map((operation) => [operation.kind, subjectOf(operation), operation.cause] as const),
    ...plan.waits.map((wait) => ['wait', wait.instance ?? wait.service, wait.reason] as const),
  ];
  if (rows.length === 0) return 'nothing to do';
  const kindWidth = Math.max(...rows.map(([kind]) => kind.length));
  const subjectWidth = Math.max(...rows.map(([, subject]) => subject.length));
  return rows
    .map(([kind, subject, cause]) => `${kind.padEnd(kindWidth)}  ${subject.padEnd(subjectWidth)}  ${cause}`)
    .join('\n');
}

/** The service, instance or listener that an operation is about. */
export function subjectOf(operation: Operation): string {
  switch (operation.kind) {
    case 'prepare':
      return operation.services.join(', ');
    case 'open':
    case 'close':
      return operation.listener;
    case 'smoke':
      return operation.service;
    case 'hook':
      return `${operation.service} ${hookNames[operation.hook]}`;
    case 'teardown':
      return 'networks';
    case 'start':
    case 'enter':
    case 'drain':
    case 'stop':
    case 'remove':
      return operation.instance;
  }
}

/** Names an operation across passes, for what failed and is held back. */
export function operationKey(operation: Operation): string {
  return `${operation.kind} ${subjectOf(operation)}`;
}

/** Names a hook of one rollout, for what has passed. */
export function hookKey(service: string, rollout: number, hook: RolloutHook): string {
  return `${service}#${rollout} ${hook}`;
}
