import type { RequestCounts } from '../visibility/request-counts.ts';
import type { RoutingState } from './routing-state.ts';
import type { EndpointReport, RequestReport } from './worker-protocol.ts';

/** All counters of the endpoints, pools and listeners that changed since the last call; those of answers only when asked for. */
export function collectReport(
  routing: RoutingState,
  withAnswers: boolean,
): {
  readonly endpoints: readonly EndpointReport[];
  readonly pools: readonly RequestReport[];
  readonly listeners: readonly RequestReport[];
} {
  const endpoints: EndpointReport[] = [];
  for (const endpoint of routing.endpoints.values()) {
    const { id, totals, inFlight, ejection, answers } = endpoint;
    const tellsAnswers = withAnswers && answers.hasChanged;
    if (!endpoint.hasChanged && !tellsAnswers) continue;
    endpoint.hasChanged = false;
    const report = {
      id,
      ...totals,
      inFlight: inFlight.size,
      ejectedUntil: ejection.until,
      ejectedReason: ejection.reason,
    };
    if (tellsAnswers) {
      answers.hasChanged = false;
      endpoints.push({ ...report, answers: answers.read() });
    } else endpoints.push(report);
  }
  return {
    endpoints,
    pools: collectRequests(routing.pools.values()),
    listeners: collectRequests(routing.listeners.values()),
  };
}

function collectRequests(
  counted: Iterable<{ readonly id: string; readonly counts: RequestCounts }>,
): readonly RequestReport[] {
  const reports: RequestReport[] = [];
  for (const { id, counts } of counted) {
    if (!counts.hasChanged) continue;
    counts.hasChanged = false;
    const { requests, inFlight, waiting, waitedMs, failures } = counts;
    reports.push({ id, requests, inFlight, waiting, waitedMs, failures: { ...failures } });
  }
  return reports;
}
