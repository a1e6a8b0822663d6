import type { AutoscalePolicy } from '../model/autoscale.ts';

/** What the metrics asked for at one time. */
export interface Recommendation {
  readonly at: number;
  readonly replicas: number;
}

/** By how many replicas the count was changed at one time: above 0 up, below 0 down. */
export interface ScalingEvent {
  readonly at: number;
  readonly change: number;
}

/** What a decision needs to know of those before it. Kept on disk. */
export interface AutoscaleState {
  readonly recommendations: readonly Recommendation[];
  readonly events: readonly ScalingEvent[];
}

export const noState: AutoscaleState = { recommendations: [], events: [] };

/** Leaves out what no window and no period reaches back to any more. */
export function pruned(state: AutoscaleState, policy: AutoscalePolicy, now: number): AutoscaleState {
  const { scaleUp, scaleDown } = policy;
  const windowMs = Math.max(scaleUp.stabilizationMs, scaleDown.stabilizationMs);
  const periodMs = Math.max(...[...scaleUp.policies, ...scaleDown.policies].map((rate) => rate.periodMs));
  return {
    recommendations: state.recommendations.filter(({ at }) => at > now - windowMs),
    events: state.events.filter(({ at }) => at > now - periodMs),
  };
}
