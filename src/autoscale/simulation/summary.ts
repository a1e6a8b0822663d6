import type { Decision } from '../decision.ts';

/** A course of decisions in figures. */
export interface CourseSummary {
  readonly decisions: number;
  readonly changes: number;
  /** How often the count turned round from up to down, or down to up. */
  readonly turns: number;
  readonly fewest: number;
  readonly most: number;
  /** Over time. */
  readonly average: number;
}

export function summariseCourse(decisions: readonly Decision[]): CourseSummary {
  const steps = decisions.filter(({ from, to }) => from !== to).map(({ from, to }) => Math.sign(to - from));
  const counts = decisions.map(({ to }) => to);
  return {
    decisions: decisions.length,
    changes: steps.length,
    turns: steps.filter((step, index) => index > 0 && step !== steps[index - 1]).length,
    fewest: counts.reduce((least, count) => Math.min(least, count), counts[0] ?? 0),
    most: counts.reduce((most, count) => Math.max(most, count), 0),
    average: counts.reduce((sum, count) => sum + count, 0) / Math.max(1, counts.length),
  };
}
