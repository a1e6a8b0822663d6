import type { AutoscalePolicy } from '../../model/autoscale.ts';
import type { MemoryReading, ServiceReading } from '../reading.ts';

/** Memory of the machine, bytes. */
export interface MachineMemory {
  readonly totalBytes: number;
  /** What programs can still get without swapping. */
  readonly availableBytes: number;
}

/** Part of the machine's memory that is left alone where the file says nothing. */
const reservedShare = 0.1;

/** What new replicas may take: of what is available, all but the reserve and what those still take that are starting. */
export function readMemory(
  policy: Pick<AutoscalePolicy, 'memoryLimitBytes' | 'memoryReserveBytes'>,
  service: ServiceReading | undefined,
  machine: MachineMemory,
): MemoryReading {
  const replicas = service?.replicas ?? [];
  const measured = replicas.flatMap(({ isReady, memoryBytes }) =>
    isReady && memoryBytes !== undefined ? [memoryBytes] : [],
  );
  const mean = measured.reduce((sum, bytes) => sum + bytes, 0) / Math.max(1, measured.length);
  const limit = policy.memoryLimitBytes;
  const perReplicaBytes = limit ?? (measured.length === 0 ? undefined : Math.round(mean));
  const reserve = policy.memoryReserveBytes ?? machine.totalBytes * reservedShare;
  const starting = replicas.filter(({ isReady }) => !isReady);
  const promised = starting.map(({ memoryBytes = 0 }) => Math.max(0, (perReplicaBytes ?? 0) - memoryBytes));
  return {
    roomBytes: Math.round(machine.availableBytes - reserve),
    promisedBytes: promised.reduce((sum, bytes) => sum + bytes, 0),
    ...(perReplicaBytes !== undefined && { perReplicaBytes }),
    basis: limit === undefined ? 'measured' : 'limit',
  };
}
