import type { FailureKind } from '../worker/failure-kind.ts';

/** What is counted of requests in one worker, at a listener and at a pool alike. */
export interface RequestCounts {
  requests: number;
  inFlight: number;
  /** Of those in flight, how many wait for an endpoint. */
  waiting: number;
  /** By all that have waited, in milliseconds. */
  waitedMs: number;
  readonly failures: Partial<Record<FailureKind, number>>;
  hasChanged: boolean;
}

export function newRequestCounts(): RequestCounts {
  return { requests: 0, inFlight: 0, waiting: 0, waitedMs: 0, failures: {}, hasChanged: true };
}

export function countBegin(counts: RequestCounts): void {
  counts.requests++;
  counts.inFlight++;
  counts.hasChanged = true;
}

export function countEnd(counts: RequestCounts): void {
  counts.inFlight--;
  counts.hasChanged = true;
}

export function countWaitBegin(counts: RequestCounts): void {
  counts.waiting++;
  counts.hasChanged = true;
}

export function countWaitEnd(counts: RequestCounts, waitedMs: number): void {
  counts.waiting--;
  counts.waitedMs += waitedMs;
  counts.hasChanged = true;
}

export function countFailure(counts: RequestCounts, kind: FailureKind): void {
  counts.failures[kind] = (counts.failures[kind] ?? 0) + 1;
  counts.hasChanged = true;
}
