import type { RoutingState } from './routing-state.ts';
import type { EndpointReport, ListenerReport } from './worker-protocol.ts';

/** All counters of the endpoints and listeners that changed since the last call; those of answers only when asked for. */
export function collectReport(
  routing: RoutingState,
  withAnswers: boolean,
): {
  readonly endpoints: readonly EndpointReport[];
  readonly listeners: readonly ListenerReport[];
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
  const listeners: ListenerReport[] = [];
  for (const listener of routing.listeners.values()) {
    if (!listener.hasChanged) continue;
    listener.hasChanged = false;
    const { id, requests, inFlight, waiting, waitedMs, failures } = listener;
    listeners.push({ id, requests, inFlight, waiting, waitedMs, failures: { ...failures } });
  }
  return { endpoints, listeners };
}
