import type { AutoscalePolicy } from '../../model/autoscale.ts';
import { decide } from '../decide.ts';
import type { Decision } from '../decision.ts';
import type { ReplicaReading, ServiceReading } from '../reading.ts';
import type { AutoscaleRecord } from '../record.ts';
import { rounded } from '../rounding.ts';
import { noState, type AutoscaleState } from '../state.ts';

export interface WhatIfStep {
  readonly recorded: Decision;
  readonly decision: Decision;
}

/**
 * What another policy would have made of a recorded load: what the replicas did together is spread over as many as there would
 * have been, all of them ready. Response and queue times are those that were recorded, which holds as long as both counts are
 * near each other.
 */
export function* whatIf(policy: AutoscalePolicy, records: Iterable<AutoscaleRecord>): Generator<WhatIfStep> {
  let state: AutoscaleState = noState;
  let current: number | undefined;
  for (const record of records) {
    if (record.type === 'policy') continue;
    const { input, decision: recorded } = record;
    current ??= input.current;
    const { service, ...rest } = input;
    const decided = decide({ ...policy, isShadow: false }, state, {
      ...rest,
      current,
      ...(service !== undefined && { service: spread(service, current) }),
      isPaused: false,
    });
    state = decided.state;
    current = decided.decision.to;
    yield { recorded, decision: decided.decision };
  }
}

/** The same work, done by so many replicas. */
function spread(service: ServiceReading, count: number): ServiceReading {
  const ready = service.replicas.filter(({ isReady }) => isReady);
  const [first] = ready;
  if (first === undefined || ready.length === count) return service;
  const each = (valueOf: (replica: ReplicaReading) => number | undefined): number | undefined => {
    const known = ready.map(valueOf).filter((value) => value !== undefined);
    if (known.length < ready.length) return undefined;
    return rounded(known.reduce((sum, value) => sum + value, 0) / Math.max(1, count));
  };
  const [cpuCores, inFlight] = [each((replica) => replica.cpuCores), each((replica) => replica.inFlight)];
  const requestsPerSecond = each((replica) => replica.requestsPerSecond);
  const { isReady, startedAt, readyChangedAt, memoryBytes } = first;
  const replicas = Array.from({ length: count }, (_, index): ReplicaReading => ({
    instance: `simulated-${index + 1}`,
    isReady,
    startedAt,
    readyChangedAt,
    ...(cpuCores !== undefined && { cpuCores }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(inFlight !== undefined && { inFlight }),
    ...(requestsPerSecond !== undefined && { requestsPerSecond }),
  }));
  return { ...service, replicas };
}
