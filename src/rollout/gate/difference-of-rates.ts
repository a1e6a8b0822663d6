import { normalQuantile } from './normal.ts';

/** Of so many, so many. */
export interface Proportion {
  readonly successes: number;
  readonly trials: number;
}

export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/**
 * Bounds of the difference of two rates, `first − second`; each of the two is wrong with probability `alpha`. Good for
 * rates near zero and unequal samples. Source: R. G. Newcombe, "Interval estimation for the difference between
 * independent proportions", method 10.
 */
export function differenceOfRates(first: Proportion, second: Proportion, alpha: number): Interval {
  const z = normalQuantile(1 - alpha);
  const one = rateOf(first);
  const other = rateOf(second);
  const ofOne = wilson(first, z);
  const ofOther = wilson(second, z);
  return {
    lower: one - other - Math.hypot(one - ofOne.lower, ofOther.upper - other),
    upper: one - other + Math.hypot(ofOne.upper - one, other - ofOther.lower),
  };
}

export function rateOf({ successes, trials }: Proportion): number {
  return trials === 0 ? 0 : successes / trials;
}

/** Source: E. B. Wilson's score interval. */
function wilson({ successes, trials }: Proportion, z: number): Interval {
  if (trials === 0) return { lower: 0, upper: 1 };
  const rate = successes / trials;
  const square = z * z;
  const centre = (rate + square / (2 * trials)) / (1 + square / trials);
  const half =
    (z / (1 + square / trials)) * Math.sqrt((rate * (1 - rate)) / trials + square / (4 * trials * trials));
  return { lower: Math.max(0, centre - half), upper: Math.min(1, centre + half) };
}
