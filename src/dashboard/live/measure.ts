import type { ReplicaRates, ServiceRates } from '../../metrics/rates.ts';
import type { Measure, ServiceMeasure } from '../live-api.ts';

/** The newest figures of a service and its replicas, as pages get them. */
export function measureOf(stack: string, service: string, rates: ServiceRates): ServiceMeasure {
  const all = rates.replicas.reduce((sum, { requestsPerSecond }) => sum + requestsPerSecond, 0);
  return {
    stack,
    service,
    total: pointOf(rates),
    replicas: rates.replicas.map((replica) => ({
      replicaId: replica.replicaId,
      instance: replica.instance,
      revision: replica.revision,
      ...figures(replica, rates.to),
      ...(all > 0 && { share: replica.requestsPerSecond / all }),
    })),
  };
}

/** One point of a service's past. */
export function pointOf(rates: ServiceRates): Measure {
  const { desired, ready, waiting } = rates;
  return { ...figures(rates, rates.to), desired, ready, waiting };
}

function figures(
  rates: Omit<ReplicaRates, 'instance' | 'replicaId' | 'revision' | 'isReady'>,
  time: number,
): Measure {
  const { requestsPerSecond, failedPerSecond, inFlight, p50Ms, p95Ms, p99Ms, cpu, memoryBytes } = rates;
  return {
    time,
    requestsPerSecond,
    failedPerSecond,
    inFlight,
    ...(p50Ms !== undefined && { p50Ms }),
    ...(p95Ms !== undefined && { p95Ms }),
    ...(p99Ms !== undefined && { p99Ms }),
    ...(cpu !== undefined && { cores: cpu }),
    ...(memoryBytes !== undefined && { memoryBytes }),
  };
}
