import type { Observed } from './observed.ts';
import type { Plan } from './plan.ts';

/** One look at the world, and what was made of it. */
export interface Pass {
  readonly observed: Observed;
  readonly plan: Plan;
}
