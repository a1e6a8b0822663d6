import type { RestartPolicy } from '../../model/service.ts';

/** Ends of one replica that nobody asked for, oldest first. */
export interface ReplicaHistory {
  readonly ends: readonly { readonly time: number; readonly uptimeMs: number }[];
  /** Starts that followed such an end. */
  readonly restarts: number;
}

export const noHistory: ReplicaHistory = { ends: [], restarts: 0 };

export type RestartDecision =
  | { readonly kind: 'start'; readonly at: number; readonly attempt: number }
  | { readonly kind: 'completed' }
  | { readonly kind: 'give-up'; readonly reason: string };

const firstDelayMs = 100;
const longestDelayMs = 30_000;
/** A run as long as this counts as a success and begins the back-off anew. */
const steadyRunMs = 10_000;

/**
 * Whether and when a replica that ended is started again.
 *
 * The first restart is immediate; after that the delay doubles from 100 ms up to 30 s, unless the policy names one.
 * `exitCode` undefined (nobody saw it end) counts as a failure. Source: Compose `deploy.restart_policy`.
 */
export function decideRestart(
  policy: RestartPolicy,
  history: ReplicaHistory,
  exitCode: number | undefined,
  endedAt: number,
): RestartDecision {
  if (exitCode === 0 && policy.condition !== 'any') return { kind: 'completed' };
  if (policy.condition === 'none') return { kind: 'give-up', reason: 'its restart policy is none' };
  const attempt = recentFailures(policy, history);
  if (policy.maxAttempts !== undefined && attempt > policy.maxAttempts) {
    return {
      kind: 'give-up',
      reason: `it ended ${attempt} times, and max_attempts is ${policy.maxAttempts}`,
    };
  }
  return { kind: 'start', at: endedAt + delayBefore(attempt, policy), attempt };
}

/** Ends in a row, counted from the last run that lasted long enough to be called a success. */
function recentFailures(policy: RestartPolicy, history: ReplicaHistory): number {
  const successMs = policy.windowMs || steadyRunMs;
  const lastSuccess = history.ends.findLastIndex((end) => end.uptimeMs >= successMs);
  return lastSuccess === -1 ? history.ends.length : history.ends.length - lastSuccess;
}

function delayBefore(attempt: number, policy: RestartPolicy): number {
  if (policy.delayMs !== undefined) return policy.delayMs;
  if (attempt <= 1) return 0;
  return Math.min(longestDelayMs, firstDelayMs * 2 ** (attempt - 2));
}
