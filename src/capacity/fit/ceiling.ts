import type { CapacityModel, CapacityPoint } from './point.ts';

/** Replicas that add up until something that they all share is fully used. */
export interface CeilingCoefficients {
  /** Throughput of one replica, per second. */
  readonly lambda: number;
  /** Throughput of what is shared, per second. */
  readonly ceiling: number;
  /**
   * How sharp the bend between the two is: infinite for replicas that never wait for each other before it is full, small
   * where chance makes them queue earlier.
   */
  readonly sharpness: number;
}

const sharpnesses = [1.5, 2, 3, 5, 8, Number.POSITIVE_INFINITY] as const;
/** A ceiling further above all that was measured is none that the points could tell. */
const furthestCeiling = 4;
const searchSteps = 40;
const goldenRatio = (Math.sqrt(5) - 1) / 2;

/** X(N) = (λN)⁻ᵖ + C⁻ᵖ, to the power of −1/p: near λN below the bend and near C beyond it. */
export function ceilingThroughput(
  { lambda, ceiling, sharpness }: CeilingCoefficients,
  replicas: number,
): number {
  const free = lambda * replicas;
  if (!Number.isFinite(sharpness)) return Math.min(free, ceiling);
  return free / (1 + (free / ceiling) ** sharpness) ** (1 / sharpness);
}

/** The least squares on throughput, by search. Undefined without two sizes. */
export function fitCeiling(points: readonly CapacityPoint[]): CeilingCoefficients | undefined {
  const useful = points.filter(({ throughput }) => throughput > 0);
  if (new Set(useful.map(({ replicas }) => replicas)).size < 2) return undefined;
  const highest = Math.max(...useful.map(({ throughput }) => throughput));
  const steepest = Math.max(...useful.map(({ replicas, throughput }) => throughput / replicas));
  let best: { readonly coefficients: CeilingCoefficients; readonly error: number } | undefined;
  for (const sharpness of sharpnesses) {
    const withCeiling = (ceiling: number): { lambda: number; error: number } => {
      const errorOf = (lambda: number): number => squaredError({ lambda, ceiling, sharpness }, useful);
      const lambda = minimise(errorOf, steepest * 0.7, steepest * 2);
      return { lambda, error: errorOf(lambda) };
    };
    const exponent = minimise(
      (logarithm) => withCeiling(Math.exp(logarithm)).error,
      Math.log(highest * 0.8),
      Math.log(highest * furthestCeiling),
    );
    const ceiling = Math.exp(exponent);
    const { lambda, error } = withCeiling(ceiling);
    if (best === undefined || error < best.error)
      best = { coefficients: { lambda, ceiling, sharpness }, error };
  }
  return best?.coefficients;
}

export function ceilingModel(
  coefficients: CeilingCoefficients,
  points: readonly CapacityPoint[],
): CapacityModel {
  const highest = Math.max(...points.map(({ throughput }) => throughput));
  const isTold = coefficients.ceiling < highest * furthestCeiling * 0.9;
  return {
    kind: 'ceiling',
    predict: (replicas) => ceilingThroughput(coefficients, replicas),
    ceiling: isTold ? coefficients.ceiling : undefined,
  };
}

function squaredError(coefficients: CeilingCoefficients, points: readonly CapacityPoint[]): number {
  return points.reduce(
    (sum, { replicas, throughput }) => sum + (ceilingThroughput(coefficients, replicas) - throughput) ** 2,
    0,
  );
}

/** Golden section search for the lowest point of a curve with one valley. */
function minimise(valueAt: (x: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  let [left, right] = [high - goldenRatio * (high - low), low + goldenRatio * (high - low)];
  let [leftValue, rightValue] = [valueAt(left), valueAt(right)];
  for (let step = 0; step < searchSteps; step += 1) {
    if (leftValue <= rightValue) {
      [high, right, rightValue] = [right, left, leftValue];
      left = high - goldenRatio * (high - low);
      leftValue = valueAt(left);
    } else {
      [low, left, leftValue] = [left, right, rightValue];
      right = low + goldenRatio * (high - low);
      rightValue = valueAt(right);
    }
  }
  return leftValue <= rightValue ? left : right;
}
