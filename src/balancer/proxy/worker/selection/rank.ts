import type { EndpointState } from '../endpoint-state.ts';

/** Lower is better; endpoints of a worse rank are asked only when no better one is left (fail open). */
export const rank = { available: 0, backup: 1, ejected: 2, unhealthy: 3, never: 4 } as const;

export function rankOf(endpoint: EndpointState, now: number): number {
  if (endpoint.isDraining) return rank.never;
  if (!endpoint.isHealthy || endpoint.isDown) return endpoint.mustPass ? rank.never : rank.unhealthy;
  if (!endpoint.ejection.allows(now)) return rank.ejected;
  return endpoint.isBackup ? rank.backup : rank.available;
}

/** True when fewer of them are healthy than the share asks for, so that health can no longer be what decides. */
export function isPanicking(endpoints: readonly EndpointState[], panicShare: number): boolean {
  const asked = endpoints.filter((endpoint) => !endpoint.isDraining && !endpoint.isBackup);
  const healthy = asked.filter(
    ({ isHealthy, isDown, ejection }) => isHealthy && !isDown && ejection.until === 0,
  );
  return healthy.length < asked.length * panicShare;
}
