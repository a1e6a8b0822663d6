import { ceilOf } from '../rounding.ts';

/** What was measured of the replicas of a service, for one metric. */
export interface Measured {
  /** Of replicas that are ready and measured. */
  readonly values: readonly number[];
  /** Ready, and nothing is known of them. */
  readonly missing: number;
  /** Not ready yet, or not for long enough. */
  readonly unready: number;
}

export interface Tolerance {
  readonly up: number;
  readonly down: number;
}

export interface Proposal {
  readonly replicas: number;
  /** Inside the tolerance, from the start or with what had to be assumed. */
  readonly isWithin: boolean;
  /** Replicas taken to be idle, or at the target, because nothing is known of them. */
  readonly assumed: 'idle' | 'at target' | undefined;
}

/**
 * Replicas that bring the average of a metric to its target. Replicas without a measurement are taken to be at the target
 * on the way down and idle on the way up, those that are not ready yet idle on the way up; when that turns the direction
 * round, or ends inside the tolerance, nothing is asked for. Undefined: no replica was measured.
 * Source: Kubernetes HPA, "Algorithm details".
 */
export function proposeAverage(
  { values, missing, unready }: Measured,
  target: number,
  current: number,
  tolerance: Tolerance,
): Proposal | undefined {
  if (values.length === 0) return undefined;
  const sum = values.reduce((total, value) => total + value, 0);
  const ratio = sum / (values.length * target);
  const countsUnready = unready > 0 && ratio > 1;
  if (!countsUnready && missing === 0) {
    if (isWithin(ratio, tolerance)) return { replicas: current, isWithin: true, assumed: undefined };
    return { replicas: ceilOf(ratio * values.length), isWithin: false, assumed: undefined };
  }
  const assumed = ratio > 1 ? 'idle' : 'at target';
  const count = values.length + missing + (countsUnready ? unready : 0);
  const dampened = (sum + (ratio > 1 ? 0 : missing * target)) / (count * target);
  const isReversed = (ratio < 1 && dampened > 1) || (ratio > 1 && dampened < 1);
  if (isReversed || isWithin(dampened, tolerance)) return { replicas: current, isWithin: true, assumed };
  const replicas = ceilOf(dampened * count);
  // Fewer are wanted than there are, or more: a count of replicas that surge or lag must not turn that round.
  const isOpposed = (dampened < 1 && replicas > current) || (dampened > 1 && replicas < current);
  return { replicas: isOpposed ? current : replicas, isWithin: isOpposed, assumed };
}

export function isWithin(ratio: number, { up, down }: Tolerance): boolean {
  return ratio >= 1 - down - 1e-9 && ratio <= 1 + up + 1e-9;
}
