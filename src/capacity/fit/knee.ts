import type { CapacityModel } from './point.ts';

/** A replica more that brings less than this share of the first one's throughput is not worth having. */
const worthwhileShare = 0.25;
const maxReplicas = 10_000;

/** The number of replicas up to which each is worth having; undefined: no end to it is in sight. */
export function kneeOf(model: CapacityModel, within = 1000): number | undefined {
  const first = model.predict(1);
  for (let replicas = 1; replicas < within; replicas += 1) {
    if (model.predict(replicas + 1) - model.predict(replicas) < first * worthwhileShare) return replicas;
  }
  return undefined;
}

/** The fewest replicas whose throughput reaches the rate; undefined: no number does. */
export function replicasFor(model: CapacityModel, ratePerSecond: number): number | undefined {
  if (model.ceiling !== undefined && model.ceiling < ratePerSecond) return undefined;
  let highest = 0;
  for (let replicas = 1; replicas <= maxReplicas; replicas += 1) {
    const throughput = model.predict(replicas);
    if (throughput >= ratePerSecond) return replicas;
    if (throughput < highest * 0.5) return undefined;
    highest = Math.max(highest, throughput);
  }
  return undefined;
}
