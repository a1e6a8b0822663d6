import { ceilingModel, fitCeiling } from './ceiling.ts';
import type { CapacityModel, CapacityPoint } from './point.ts';
import { fitUsl, uslModel, type UslCoefficients } from './usl.ts';

export interface CapacityFit {
  /** The Universal Scalability Law, which names what limits. */
  readonly usl: UslCoefficients;
  /** The curve to predict by: the law's own, unless a plain bend describes the points better. */
  readonly model: CapacityModel;
  /** Root of the mean squared relative error over the points. */
  readonly relativeError: number;
}

type Fitter = (points: readonly CapacityPoint[]) => CapacityModel | undefined;

const fitters: readonly Fitter[] = [
  (points) => {
    const coefficients = fitUsl(points);
    return coefficients === undefined ? undefined : uslModel(coefficients);
  },
  (points) => {
    const coefficients = fitCeiling(points);
    return coefficients === undefined ? undefined : ceilingModel(coefficients, points);
  },
];

/**
 * Fits the Universal Scalability Law, and beside it a bend: replicas that add up until something shared is full. The law
 * rounds such a corner off; the curve that predicts points better that it was not shown (leave one out) is used.
 * Undefined with fewer than two sizes.
 */
export function fitCapacity(points: readonly CapacityPoint[]): CapacityFit | undefined {
  const usl = fitUsl(points);
  if (usl === undefined) return undefined;
  let model = uslModel(usl);
  let smallest = predictionError(points, fitters[0]);
  for (const fit of fitters.slice(1)) {
    const candidate = fit(points);
    const error = predictionError(points, fit);
    // The law is the better known one; a bend has to be clearly better.
    if (candidate === undefined || error >= smallest * 0.9) continue;
    model = candidate;
    smallest = error;
  }
  return { usl, model, relativeError: Math.sqrt(meanSquare(points, (point) => relativeError(model, point))) };
}

function predictionError(points: readonly CapacityPoint[], fit: Fitter | undefined): number {
  // With fewer there is nothing to leave out; how well they themselves are met has to do.
  const canLeaveOut = points.length > 3;
  return meanSquare(points, (point) => {
    const model = fit?.(canLeaveOut ? points.filter((each) => each !== point) : points);
    return model === undefined ? Number.POSITIVE_INFINITY : relativeError(model, point);
  });
}

function relativeError(model: CapacityModel, { replicas, throughput }: CapacityPoint): number {
  return throughput > 0 ? (model.predict(replicas) - throughput) / throughput : 0;
}

function meanSquare(points: readonly CapacityPoint[], errorOf: (point: CapacityPoint) => number): number {
  return points.reduce((sum, point) => sum + errorOf(point) ** 2, 0) / Math.max(1, points.length);
}
