import type { BalancerFigures } from './balancer-driver.ts';

export const noFigures: BalancerFigures = {
  accepted: 0,
  reading: 0,
  writing: 0,
  waiting: 0,
  logged: 0,
  logDropped: 0,
  spansSent: 0,
  spansDropped: 0,
};

export function plusFigures(one: BalancerFigures, other: BalancerFigures): BalancerFigures {
  return {
    accepted: one.accepted + other.accepted,
    reading: one.reading + other.reading,
    writing: one.writing + other.writing,
    waiting: one.waiting + other.waiting,
    logged: one.logged + other.logged,
    logDropped: one.logDropped + other.logDropped,
    spansSent: one.spansSent + other.spansSent,
    spansDropped: one.spansDropped + other.spansDropped,
  };
}

/** What remains of a balancer that is no more. */
export function figuresAtRest(figures: BalancerFigures): BalancerFigures {
  return { ...figures, reading: 0, writing: 0, waiting: 0 };
}
