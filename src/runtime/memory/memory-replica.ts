import type { Endpoint } from '../../model/endpoint.ts';
import type { Replica, RuntimeHealth } from '../../model/replica.ts';
import type { ReplicaUsage } from '../runtime-driver.ts';
import type { MemoryBehaviour, MemoryStart } from './behaviour.ts';

export interface MemoryEnd {
  readonly at: number;
  readonly exitCode: number;
  readonly reason?: string;
}

/** One pretended replica. Its run is known from the start on; where it stands follows from the time. */
export interface MemoryReplica {
  readonly id: string;
  readonly start: MemoryStart;
  readonly createdAt: number;
  readonly endpoints: readonly Endpoint[];
  readonly behaviour: MemoryBehaviour;
  /** Undefined: its start is under way. */
  readonly startedAt: number | undefined;
  /** When and how the run ends, as far as it is settled. */
  readonly end: MemoryEnd | undefined;
}

export function isRunning(replica: MemoryReplica, now: number): boolean {
  return replica.startedAt !== undefined && !hasEnded(replica, now);
}

/** The replica with that end, unless it ends earlier anyway. */
export function endingAt(replica: MemoryReplica, end: MemoryEnd): MemoryReplica {
  return replica.end !== undefined && replica.end.at <= end.at ? replica : { ...replica, end };
}

/** The replica as everybody sees it at that time. */
export function viewAt(replica: MemoryReplica, now: number): Replica {
  const { stack, service, index, revision } = replica.start;
  const instance = `${service}-${index}`;
  const runs = isRunning(replica, now);
  return {
    id: replica.id,
    stack,
    service,
    index,
    instance,
    name: `${stack}-${instance}`,
    revision,
    state: stateAt(replica, now),
    health: runs ? healthAt(replica, now) : 'none',
    createdAt: replica.createdAt,
    pid: undefined,
    endpoints: runs ? replica.endpoints : [],
    published: [],
  };
}

function stateAt(replica: MemoryReplica, now: number): Replica['state'] {
  const { startedAt, end } = replica;
  if (startedAt === undefined) return { kind: 'created' };
  if (end === undefined || !hasEnded(replica, now)) return { kind: 'running', startedAt };
  const reason = end.reason === undefined ? {} : { reason: end.reason };
  return { kind: 'exited', startedAt, exitCode: end.exitCode, finishedAt: end.at, ...reason };
}

function healthAt({ startedAt = 0, behaviour }: MemoryReplica, now: number): RuntimeHealth {
  const { healthyAfterMs = 0, unhealthyAfterMs } = behaviour;
  const ageMs = now - startedAt;
  if (unhealthyAfterMs !== undefined && ageMs >= unhealthyAfterMs) return 'unhealthy';
  return healthyAfterMs !== 'never' && ageMs >= healthyAfterMs ? 'healthy' : 'starting';
}

/** Empty when it does not run. */
export function usageAt(replica: MemoryReplica | undefined, now: number): readonly ReplicaUsage[] {
  if (replica?.startedAt === undefined || !isRunning(replica, now)) return [];
  const nothing = { cpuSeconds: 0, memoryBytes: 0, memoryLimitBytes: undefined, cpuLimit: undefined };
  const used = replica.behaviour.usageAt?.(now - replica.startedAt);
  return [{ replicaId: replica.id, ...nothing, ...used }];
}

function hasEnded({ end }: MemoryReplica, now: number): boolean {
  return end !== undefined && now >= end.at;
}
