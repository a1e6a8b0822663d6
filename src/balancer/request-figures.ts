import type { RequestFigures } from './balancer-driver.ts';

export const noRequests: RequestFigures = { requests: 0, failed: 0, waiting: 0, waitedMs: 0, failures: {} };

export function plusRequests(one: RequestFigures, other: RequestFigures): RequestFigures {
  const failures: Record<string, number> = { ...one.failures };
  for (const [kind, count] of Object.entries(other.failures)) failures[kind] = (failures[kind] ?? 0) + count;
  return {
    requests: one.requests + other.requests,
    failed: one.failed + other.failed,
    waiting: one.waiting + other.waiting,
    waitedMs: one.waitedMs + other.waitedMs,
    failures,
  };
}
