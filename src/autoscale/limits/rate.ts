import type { RatePolicy, ScalingRules } from '../../model/autoscale.ts';
import { ceilOf, floorOf } from '../rounding.ts';
import type { ScalingEvent } from '../state.ts';

/** Most replicas that the scale-up policies let there be now; never fewer than there are. */
export function upLimit(
  current: number,
  rules: ScalingRules,
  events: readonly ScalingEvent[],
  now: number,
): number {
  if (rules.selectPolicy === 'Disabled') return current;
  const allowed = rules.policies.map((policy) => {
    const start = periodStart(current, policy, events, now);
    return policy.type === 'Pods' ? start + policy.value : ceilOf(start * (1 + policy.value / 100));
  });
  const limit = rules.selectPolicy === 'Max' ? Math.max(...allowed) : Math.min(...allowed);
  return Math.max(limit, current);
}

/** Fewest replicas that the scale-down policies let there be now; never more than there are. `Min` is the smallest change. */
export function downLimit(
  current: number,
  rules: ScalingRules,
  events: readonly ScalingEvent[],
  now: number,
): number {
  if (rules.selectPolicy === 'Disabled') return current;
  const allowed = rules.policies.map((policy) => {
    const start = periodStart(current, policy, events, now);
    return policy.type === 'Pods' ? start - policy.value : floorOf(start * (1 - policy.value / 100));
  });
  const limit = rules.selectPolicy === 'Max' ? Math.min(...allowed) : Math.max(...allowed);
  return Math.min(limit, current);
}

/** Replicas that there were when the period began: what was added since is taken off, what was removed put back. */
function periodStart(
  current: number,
  { periodMs }: RatePolicy,
  events: readonly ScalingEvent[],
  now: number,
): number {
  return events.reduce((count, { at, change }) => (at > now - periodMs ? count - change : count), current);
}
