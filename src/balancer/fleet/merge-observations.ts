import { noFigures, plusFigures } from '../balancer-figures.ts';
import type { BalancerObservation, EndpointObservation, TrafficTotals } from '../balancer-driver.ts';
import { plusLatency } from '../latency-histogram.ts';

/** Furthest from the end first. */
const states = ['active', 'draining', 'drained'] as const;
/** Worst first. */
const conditions = ['down', 'unchecked', 'ejected', 'up'] as const;

/**
 * What several carriers show, as one. An endpoint that more than one of them carries has the sum of their counters; it is
 * drained when all have drained it, and in the worst condition that one of them sees it in.
 */
export function mergeObservations(observations: readonly BalancerObservation[]): BalancerObservation {
  const endpoints = new Map<string, EndpointObservation>();
  for (const endpoint of observations.flatMap(({ endpoints }) => endpoints)) {
    const other = endpoints.get(endpoint.id);
    endpoints.set(endpoint.id, other === undefined ? endpoint : merge(other, endpoint));
  }
  return {
    endpoints: [...endpoints.values()],
    pools: observations.flatMap(({ pools }) => pools),
    listeners: observations.flatMap(({ listeners }) => listeners),
    figures: observations.map(({ figures = noFigures }) => figures).reduce(plusFigures, noFigures),
  };
}

function merge(one: EndpointObservation, other: EndpointObservation): EndpointObservation {
  const worse = conditions.indexOf(other.condition) < conditions.indexOf(one.condition) ? other : one;
  return {
    id: one.id,
    pool: one.pool,
    state: states.find((state) => one.state === state || other.state === state) ?? one.state,
    condition: worse.condition,
    reason: worse.reason,
    inFlight: one.inFlight + other.inFlight,
    totals: plusTotals(one.totals, other.totals),
    responses: [
      one.responses[0] + other.responses[0],
      one.responses[1] + other.responses[1],
      one.responses[2] + other.responses[2],
      one.responses[3] + other.responses[3],
      one.responses[4] + other.responses[4],
    ],
    latency: plusLatency(one.latency, other.latency),
  };
}

function plusTotals(one: TrafficTotals, other: TrafficTotals): TrafficTotals {
  return {
    requests: one.requests + other.requests,
    completed: one.completed + other.completed,
    failed: one.failed + other.failed,
    retried: one.retried + other.retried,
    drained: one.drained + other.drained,
    forced: one.forced + other.forced,
    forcedStreams: (one.forcedStreams ?? 0) + (other.forcedStreams ?? 0),
  };
}
