import type { RoutingState } from './routing-state.ts';
import type { EndpointReport, ListenerReport } from './worker-protocol.ts';

/** All counters of the endpoints and listeners that changed since the last call. */
export function collectReport(routing: RoutingState): {
  readonly endpoints: readonly EndpointReport[];
  readonly listeners: readonly ListenerReport[];
} {
  const endpoints: EndpointReport[] = [];
  for (const endpoint of routing.endpoints.values()) {
    if (!endpoint.hasChanged) continue;
    endpoint.hasChanged = false;
    const { id, totals, inFlight, ejection } = endpoint;
    endpoints.push({ id, ...totals, inFlight: inFlight.size, ejectedUntil: ejection.until });
  }
  const listeners: ListenerReport[] = [];
  for (const listener of routing.listeners.values()) {
    if (!listener.hasChanged) continue;
    listener.hasChanged = false;
    const { id, requests, inFlight, failures } = listener;
    listeners.push({ id, requests, inFlight, failures: { ...failures } });
  }
  return { endpoints, listeners };
}
