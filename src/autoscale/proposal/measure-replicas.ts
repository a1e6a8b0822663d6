import type { AutoscalePolicy } from '../../model/autoscale.ts';
import type { ReplicaReading } from '../reading.ts';
import type { Measured } from './propose-average.ts';

/** Sorts replicas for a metric that a replica has only while it takes traffic: those that are not ready are set aside. */
export function measureReady(
  replicas: readonly ReplicaReading[],
  valueOf: (replica: ReplicaReading) => number | undefined,
): Measured {
  return measure(replicas, valueOf, ({ isReady }) => !isReady);
}

/**
 * Sorts replicas for their processor time, of which starting costs so much. Within the initialisation period a replica
 * counts when it is ready and was so for the whole window; later, unless it never became ready.
 * Source: Kubernetes HPA, "Algorithm details".
 */
export function measureCpu(
  replicas: readonly ReplicaReading[],
  policy: Pick<AutoscalePolicy, 'cpuInitializationMs' | 'initialReadinessMs' | 'windowMs'>,
  now: number,
): Measured {
  return measure(
    replicas,
    ({ cpuCores }) => cpuCores,
    ({ isReady, startedAt, readyChangedAt }) => {
      if (startedAt + policy.cpuInitializationMs > now)
        return !isReady || now < readyChangedAt + policy.windowMs;
      return !isReady && startedAt + policy.initialReadinessMs > readyChangedAt;
    },
  );
}

function measure(
  replicas: readonly ReplicaReading[],
  valueOf: (replica: ReplicaReading) => number | undefined,
  isSetAside: (replica: ReplicaReading) => boolean,
): Measured {
  const values: number[] = [];
  let missing = 0;
  let unready = 0;
  for (const replica of replicas) {
    const value = valueOf(replica);
    if (isSetAside(replica)) unready += 1;
    else if (value === undefined) missing += 1;
    else values.push(value);
  }
  return { values, missing, unready };
}
