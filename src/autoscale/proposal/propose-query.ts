import type { PrometheusTarget } from '../../model/autoscale.ts';
import { ceilOf } from '../rounding.ts';
import { isWithin, type Tolerance } from './propose-average.ts';

/**
 * Replicas that the value of a query asks for. As a whole: the quotient for each replica that is ready; per replica: the value
 * divided by what one may have. From zero replicas the quotient itself. Source: Kubernetes HPA, external metrics.
 */
export function proposeQuery(
  value: number,
  target: PrometheusTarget,
  current: number,
  ready: number,
  tolerance: Tolerance,
): { readonly replicas: number; readonly isWithin: boolean } {
  const quotient = value / target.value;
  if (current === 0) return { replicas: ceilOf(quotient), isWithin: false };
  const ratio = target.per === 'service' ? quotient : quotient / current;
  if (isWithin(ratio, tolerance)) return { replicas: current, isWithin: true };
  return { replicas: ceilOf(target.per === 'service' ? quotient * ready : quotient), isWithin: false };
}
