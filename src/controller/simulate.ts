import type { Desired } from './desired.ts';
import { indexSnapshot, isAlive, type Observed, type ObservedReplica, type Snapshot } from './observed.ts';
import { hookKey, type Operation, type Plan } from './plan.ts';
import { decide } from './progress/decide.ts';
import { reconcile } from './reconcile/reconcile.ts';
import { noHistory } from './reconcile/restart-policy.ts';
import type { Replica } from '../model/replica.ts';

/** More passes than any change needs; a plan that never ends is a bug, and it is said. */
const maxPasses = 100_000;

/**
 * What would be done from here to the desired state, in order, if every operation succeeded at once and every
 * replica became healthy: the answer of `--dry-run`. Pure. `waits` is what would be left to wait for in the end.
 */
export function simulate(desired: Desired, observed: Observed): Pick<Plan, 'operations' | 'waits'> {
  const operations: Operation[] = [];
  let wanted = desired;
  let snapshot: Snapshot = {
    ...observed,
    inProgress: [],
    failures: new Map(),
    isBalancerReachable: true,
    unpublished: undefined,
  };
  for (let pass = 0; pass < maxPasses; pass += 1) {
    const indexed = indexSnapshot(snapshot);
    const plan = reconcile(wanted, indexed);
    const decision = decide(wanted, { observed: indexed, plan }, { metrics: undefined, isGateOpen: true });
    if (decision.desired !== wanted) {
      wanted = decision.desired;
      snapshot = { ...snapshot, now: snapshot.now + 1 };
      continue;
    }
    const wakeAt = Math.min(plan.wakeAt ?? Infinity, decision.wakeAt ?? Infinity);
    operations.push(...plan.operations);
    const isEnd = plan.operations.some(({ kind }) => kind === 'teardown');
    if (isEnd || (plan.operations.length === 0 && wakeAt === Infinity))
      return { operations, waits: isEnd ? [] : plan.waits };
    const after = plan.operations.reduce((world, operation) => apply(world, operation, wanted), snapshot);
    snapshot = {
      ...after,
      now: plan.operations.length === 0 ? Math.max(after.now + 1, wakeAt) : after.now + 1,
      openListeners: new Set(plan.table.listeners.map(({ id }) => id)),
      routing: plan.table,
    };
  }
  throw new Error(`a simulated change of ${desired.stack.name} did not end after ${maxPasses} passes`);
}

function apply(world: Snapshot, operation: Operation, desired: Desired): Snapshot {
  switch (operation.kind) {
    case 'open':
    case 'close':
    case 'teardown':
      return world;
    case 'prepare': {
      const names = operation.services.map(
        (name) => `${name}@${desired.stack.services[name]?.revision ?? ''}`,
      );
      return { ...world, prepared: new Set([...world.prepared, ...names]) };
    }
    case 'smoke':
      return {
        ...world,
        verified: new Set([...world.verified, `${operation.service}@${operation.revision}`]),
      };
    case 'hook': {
      const { service, rollout, hook } = operation;
      return { ...world, verified: new Set([...world.verified, hookKey(service, rollout, hook)]) };
    }
    case 'start':
      return operation.existingId === undefined
        ? { ...world, replicas: [...world.replicas, newReplica(operation, desired, world.now)] }
        : change(world, operation.existingId, (observed) => running(observed, world.now));
    case 'enter':
      return change(world, operation.replicaId, (observed) => ({
        ...observed,
        rotation: 'active',
        condition: 'up',
      }));
    case 'drain':
      return change(world, operation.replicaId, (observed) => ({
        ...observed,
        rotation: 'drained',
        inFlight: 0,
      }));
    case 'stop': {
      const stopped = change(world, operation.replicaId, (observed) => ended(observed, world.now));
      if (operation.afterwards === 'keep') return stopped;
      return { ...stopped, condemned: new Map([...world.condemned, [operation.replicaId, operation.cause]]) };
    }
    case 'remove':
      return {
        ...world,
        replicas: world.replicas.filter(({ replica }) => replica.id !== operation.replicaId),
      };
  }
}

function change(
  world: Snapshot,
  id: string,
  update: (observed: ObservedReplica) => ObservedReplica,
): Snapshot {
  return {
    ...world,
    replicas: world.replicas.map((observed) => (observed.replica.id === id ? update(observed) : observed)),
  };
}

function newReplica(
  operation: Operation & { kind: 'start' },
  desired: Desired,
  now: number,
): ObservedReplica {
  const targets = desired.stack.services[operation.service]?.listeners.map(({ target }) => target) ?? [];
  const replica: Replica = {
    id: `simulated ${operation.instance} ${now}`,
    stack: desired.stack.name,
    service: operation.service,
    index: operation.index,
    instance: operation.instance,
    name: operation.instance,
    revision: operation.revision,
    state: { kind: 'created' },
    health: 'none',
    createdAt: now,
    pid: undefined,
    endpoints: [...new Set(targets)].map((target) => ({ target, host: '127.0.0.1', port: target })),
    published: [],
  };
  const blank: ObservedReplica = {
    replica,
    health: 'starting',
    healthSince: now,
    healthOutput: undefined,
    rotation: 'out',
    condition: undefined,
    conditionReason: undefined,
    inFlight: 0,
    requests: 0,
    failed: 0,
    history: noHistory,
  };
  return running(blank, now);
}

function running(observed: ObservedReplica, now: number): ObservedReplica {
  const replica: Replica = { ...observed.replica, state: { kind: 'running', startedAt: now } };
  return { ...observed, replica, health: 'healthy', healthSince: now, rotation: 'out' };
}

function ended(observed: ObservedReplica, now: number): ObservedReplica {
  const startedAt = observed.replica.state.kind === 'running' ? observed.replica.state.startedAt : undefined;
  if (!isAlive(observed)) return observed;
  const replica: Replica = {
    ...observed.replica,
    state: { kind: 'exited', exitCode: 0, startedAt, finishedAt: now },
  };
  return { ...observed, replica, rotation: 'out', condition: undefined };
}
