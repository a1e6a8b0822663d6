import type { CapacityModel, CapacityPoint } from './point.ts';
import { leastSquares } from './solve.ts';

/** Coefficients of the Universal Scalability Law (N. Gunther, Guerrilla Capacity Planning, 2007). */
export interface UslCoefficients {
  /** Throughput of one replica, per second. */
  readonly lambda: number;
  /** Share of the work that only one replica at a time can do: contention, from 0 to 1. */
  readonly sigma: number;
  /** Cost of each pair of replicas keeping each other informed: coherency. */
  readonly kappa: number;
}

const refinements = 30;

/** X(N) = λN / (1 + σ(N − 1) + κN(N − 1)). */
export function uslThroughput({ lambda, sigma, kappa }: UslCoefficients, replicas: number): number {
  return (lambda * replicas) / (1 + sigma * (replicas - 1) + kappa * replicas * (replicas - 1));
}

/** Replicas beyond which more of them answer less; undefined where κ is 0. */
export function uslPeak({ sigma, kappa }: UslCoefficients): number | undefined {
  return kappa > 0 ? Math.sqrt(Math.max(0, 1 - sigma) / kappa) : undefined;
}

/**
 * The coefficients that come nearest to the points in throughput, none of them negative. Undefined with fewer than two
 * points, or without throughput. Coefficients that so few points cannot tell are 0.
 */
export function fitUsl(points: readonly CapacityPoint[]): UslCoefficients | undefined {
  const useful = points.filter(({ throughput }) => throughput > 0);
  const sizes = new Set(useful.map(({ replicas }) => replicas)).size;
  if (sizes < 2) return undefined;
  let best: { readonly coefficients: UslCoefficients; readonly error: number } | undefined;
  for (const [hasSigma, hasKappa] of [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ] as const) {
    if (1 + Number(hasSigma) + Number(hasKappa) > sizes) continue;
    const coefficients = fitActive(useful, hasSigma, hasKappa);
    if (coefficients === undefined) continue;
    const error = squaredError(coefficients, useful);
    // A coefficient has to earn its place, or noise would be taken for coherency.
    if (best === undefined || error < best.error * 0.98) best = { coefficients, error };
  }
  return best?.coefficients;
}

export function uslModel(coefficients: UslCoefficients): CapacityModel {
  const { lambda, sigma } = coefficients;
  const peak = uslPeak(coefficients);
  const asymptote = sigma > 0 ? lambda / sigma : undefined;
  return {
    kind: 'usl',
    predict: (replicas) => uslThroughput(coefficients, replicas),
    ceiling: peak === undefined ? asymptote : uslThroughput(coefficients, Math.max(1, peak)),
  };
}

/**
 * N/X is linear in 1/λ, σ/λ and κ/λ. A residual of N/X is one of X times N/X², so weights of (X²/N)² make it least squares on
 * X itself; they are taken from the curve, again and again, until it stays.
 */
function fitActive(
  points: readonly CapacityPoint[],
  hasSigma: boolean,
  hasKappa: boolean,
): UslCoefficients | undefined {
  const rows = points.map(({ replicas }) => [
    1,
    ...(hasSigma ? [replicas - 1] : []),
    ...(hasKappa ? [replicas * (replicas - 1)] : []),
  ]);
  const targets = points.map(({ replicas, throughput }) => replicas / throughput);
  let curve = points.map(({ throughput }) => throughput);
  let found: UslCoefficients | undefined;
  for (let round = 0; round < refinements; round += 1) {
    const weights = points.map(
      ({ replicas, throughput }, index) => ((throughput * (curve[index] ?? 0)) / replicas) ** 2,
    );
    const solution = leastSquares(rows, targets, weights);
    if (solution === undefined) return found;
    const [base = 0, first = 0, second = 0] = solution;
    const sigma = hasSigma ? first / base : 0;
    const kappa = hasKappa ? (hasSigma ? second : first) / base : 0;
    if (!(base > 0) || sigma < 0 || kappa < 0) return found;
    const next: UslCoefficients = { lambda: 1 / base, sigma, kappa };
    if (found !== undefined && squaredError(next, points) > squaredError(found, points)) return found;
    found = next;
    curve = points.map(({ replicas }) => uslThroughput(next, replicas));
  }
  return found;
}

function squaredError(coefficients: UslCoefficients, points: readonly CapacityPoint[]): number {
  return points.reduce(
    (sum, { replicas, throughput }) => sum + (uslThroughput(coefficients, replicas) - throughput) ** 2,
    0,
  );
}
