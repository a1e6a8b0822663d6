import type { EndpointState } from '../worker/endpoint-state.ts';
import { UpstreamConnection } from './upstream-connection.ts';

/**
 * A request that must not be sent twice takes only a connection that was busy a moment ago: a replica that closes idle
 * connections after a second or more cannot be doing so just now.
 */
const freshEnoughMs = 1_000;

/** The idle connection that was used last, if one may carry the request; those too old are closed on the way. */
export function takeIdle(
  endpoint: EndpointState,
  now: number,
  isRepeatable: boolean,
): UpstreamConnection | undefined {
  for (;;) {
    const connection = endpoint.idle.pop();
    if (!(connection instanceof UpstreamConnection)) return undefined;
    if (connection.isAlive && now < connection.reusableUntil) {
      if (isRepeatable || now - connection.idleSince < freshEnoughMs) return connection;
      // The others have been idle for longer still.
      endpoint.idle.push(connection);
      return undefined;
    }
    connection.close();
  }
}

/** Closes what has been idle for too long; the oldest come first. */
export function closeExpired(endpoint: EndpointState, now: number): void {
  const { idle } = endpoint;
  let expired = 0;
  while (expired < idle.length && (idle[expired]?.reusableUntil ?? 0) <= now) expired++;
  for (const connection of idle.splice(0, expired)) connection.close();
}
