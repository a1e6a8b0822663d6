import type { LatencyOutlierPolicy } from '../../../../model/balancing.ts';
import type { EndpointState } from '../endpoint-state.ts';

/** Differences below this are noise, whatever the factor. */
const leastExcessMs = 5;

/** The times of an endpoint's answers in one window. */
export class RecentTimes {
  #count = 0;
  #sumMs = 0;

  add(tookMs: number): void {
    this.#count++;
    this.#sumMs += tookMs;
  }

  clear(): void {
    this.#count = 0;
    this.#sumMs = 0;
  }

  get count(): number {
    return this.#count;
  }

  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count;
  }
}

export interface LatencyOutlier {
  readonly endpoint: EndpointState;
  readonly meanMs: number;
  /** Median of the others' means. */
  readonly usualMs: number;
}

/** The slowest endpoint, when it is slower than the median of the others by the factor and can be spared. */
export function findLatencyOutlier(
  endpoints: readonly EndpointState[],
  policy: LatencyOutlierPolicy,
): LatencyOutlier | undefined {
  const judged = endpoints
    .filter(({ recent, ejection }) => recent.count >= policy.minRequests && ejection.until === 0)
    .sort((one, other) => one.recent.meanMs - other.recent.meanMs);
  const endpoint = judged.pop();
  const usualMs = judged[judged.length >> 1]?.recent.meanMs;
  if (endpoint === undefined || usualMs === undefined || !endpoint.isSpareable) return undefined;
  const { meanMs } = endpoint.recent;
  const isOutlier = meanMs > usualMs * policy.factor && meanMs - usualMs > leastExcessMs;
  return isOutlier ? { endpoint, meanMs, usualMs } : undefined;
}
