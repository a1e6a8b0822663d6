import type { AutoscalePolicy } from '../../model/autoscale.ts';
import type { Recommendation } from '../state.ts';

export interface Stabilised {
  readonly replicas: number;
  /** When what holds it back leaves its window, milliseconds since the epoch; undefined: nothing does. */
  readonly until: number | undefined;
}

/**
 * Brings a recommendation within the limits that those before it set: to go up, all of the scale-up window must have asked for
 * as many; to go down, all of the scale-down window for as few. Source: Kubernetes HPA, "Stabilization window".
 */
export function stabilise(
  recommended: number,
  current: number,
  before: readonly Recommendation[],
  policy: Pick<AutoscalePolicy, 'scaleUp' | 'scaleDown'>,
  now: number,
): Stabilised {
  const upMs = policy.scaleUp.stabilizationMs;
  const downMs = policy.scaleDown.stabilizationMs;
  const lowest = before.filter(({ at }) => at > now - upMs).map(({ replicas }) => replicas);
  const highest = before.filter(({ at }) => at > now - downMs).map(({ replicas }) => replicas);
  const least = Math.min(recommended, ...lowest);
  const most = Math.max(recommended, ...highest);
  const replicas = Math.min(Math.max(current, least), most);
  if (replicas === recommended) return { replicas, until: undefined };
  // What is in the way of any step in the direction that is asked for.
  const isUp = recommended > replicas;
  const windowMs = isUp ? upMs : downMs;
  const inTheWay = before.filter(
    ({ at, replicas: asked }) => at > now - windowMs && (isUp ? asked <= replicas : asked >= replicas),
  );
  return { replicas, until: Math.max(...inTheWay.map(({ at }) => at)) + windowMs };
}
