import type { ConnectionBudget } from '../../model/autoscale.ts';
import type { ConnectionReading, MemoryReading } from '../reading.ts';
import { formatBytes } from '../words.ts';

export interface Cap {
  readonly by: 'memory' | 'connections';
  /** Replicas that there may be. */
  readonly replicas: number;
  /** Why it is not more, for a person. */
  readonly text: string;
}

/** Room for replicas in the machine's memory; undefined: not known what one takes. */
export function memoryCap(memory: MemoryReading | undefined, current: number): Cap | undefined {
  if (memory?.perReplicaBytes === undefined || memory.perReplicaBytes <= 0) return undefined;
  const leftBytes = Math.max(0, memory.roomBytes - memory.promisedBytes);
  const room = Math.floor(leftBytes / memory.perReplicaBytes);
  const basis = memory.basis === 'limit' ? 'its limit' : 'measured';
  const needs = `${formatBytes(leftBytes)} are left, and a replica takes ${formatBytes(memory.perReplicaBytes)} (${basis})`;
  const more = room === 0 ? 'none more' : `${room} more`;
  return {
    by: 'memory',
    replicas: current + room,
    text: `the machine's memory has room for ${more}: ${needs}`,
  };
}

/** Replicas whose connections another service can take. */
export function connectionCap(budget: ConnectionBudget, reading: ConnectionReading | undefined): Cap {
  const taken = reading?.takenByOthers ?? 0;
  const left = Math.max(0, budget.total - taken);
  const others = taken === 0 ? '' : ` less ${taken} of other services`;
  return {
    by: 'connections',
    replicas: Math.floor(left / budget.perReplica),
    text: `${budget.service} takes ${budget.total} connections${others}, and a replica opens ${budget.perReplica}`,
  };
}
