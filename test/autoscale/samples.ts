import type { AutoscaleInput, ReplicaReading, ServiceReading } from '../../src/autoscale/reading.ts';
import type { AutoscalePolicy, ScalingRules } from '../../src/model/autoscale.ts';

/** A Monday, noon in UTC. */
export const noon = Date.UTC(2026, 10, 23, 12);
export const second = 1_000;
export const minute = 60 * second;

/** The defaults of the Kubernetes HPA. */
export const defaultUp: ScalingRules = {
  stabilizationMs: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodMs: 15 * second },
    { type: 'Percent', value: 100, periodMs: 15 * second },
  ],
  tolerance: 0.1,
};
export const defaultDown: ScalingRules = {
  stabilizationMs: 5 * minute,
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodMs: 15 * second }],
  tolerance: 0.1,
};

export const cpuTarget = { kind: 'cpu', utilization: 0.5, requestCores: 1, basis: 'one core' } as const;

/** Half of a core a replica, from 1 to 10 replicas, everything else as the HPA has it. */
export function policyOf(fields: Partial<AutoscalePolicy> = {}): AutoscalePolicy {
  return {
    min: 1,
    max: 10,
    metrics: [cpuTarget],
    scaleUp: defaultUp,
    scaleDown: defaultDown,
    schedule: [],
    isShadow: false,
    intervalMs: 15 * second,
    windowMs: 15 * second,
    cpuInitializationMs: 5 * minute,
    initialReadinessMs: 30 * second,
    memoryReserveBytes: undefined,
    memoryLimitBytes: undefined,
    connections: [],
    ...fields,
  };
}

/** A replica that is ready for an hour, and of which nothing is measured. */
export function replicaOf(index: number, fields: Partial<ReplicaReading> = {}): ReplicaReading {
  const startedAt = noon - 60 * minute;
  return { instance: `web-${index}`, isReady: true, startedAt, readyChangedAt: startedAt, ...fields };
}

export function serviceOf(
  replicas: readonly Partial<ReplicaReading>[],
  fields: Partial<ServiceReading> = {},
): ServiceReading {
  return {
    requestsPerSecond: 10,
    waiting: 0,
    waitingNow: 0,
    replicas: replicas.map((replica, index) => replicaOf(index + 1, replica)),
    ...fields,
  };
}

export function inputOf(
  replicas: readonly Partial<ReplicaReading>[],
  fields: Partial<AutoscaleInput> = {},
): AutoscaleInput {
  return {
    now: noon,
    current: replicas.length,
    service: serviceOf(replicas),
    queries: [],
    connections: [],
    isRollingOut: false,
    isPaused: false,
    ...fields,
  };
}

/** Replicas of which each uses that part of a core. */
export function busy(...shares: readonly number[]): Partial<ReplicaReading>[] {
  return shares.map((cpuCores) => ({ cpuCores }));
}

/** Nothing was measured of that many replicas. */
export function unmeasured(current: number): AutoscaleInput {
  const { service: _service, ...input } = inputOf([], { current });
  return input;
}
