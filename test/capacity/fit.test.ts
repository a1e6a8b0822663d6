import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { ceilingThroughput, fitCeiling } from '../../src/capacity/fit/ceiling.ts';
import { fitCapacity } from '../../src/capacity/fit/choose-model.ts';
import { kneeOf, replicasFor } from '../../src/capacity/fit/knee.ts';
import { leastSquares } from '../../src/capacity/fit/solve.ts';
import {
  fitUsl,
  uslModel,
  uslPeak,
  uslThroughput,
  type UslCoefficients,
} from '../../src/capacity/fit/usl.ts';

const sizes = [1, 2, 3, 4, 6, 8, 12];

function pointsOf(throughput: (replicas: number) => number, replicas: readonly number[] = sizes) {
  return replicas.map((each) => ({ replicas: each, throughput: throughput(each) }));
}

describe('the Universal Scalability Law', () => {
  test('is found again from its own points', () => {
    const coefficients = fc.record({
      lambda: fc.double({ min: 0.5, max: 5000, noNaN: true }),
      sigma: fc.double({ min: 0.01, max: 0.5, noNaN: true }),
      kappa: fc.double({ min: 0.0005, max: 0.02, noNaN: true }),
    });
    fc.assert(
      fc.property(coefficients, (known) => {
        const found = fitUsl(pointsOf((replicas) => uslThroughput(known, replicas)));
        assert.ok(found !== undefined);
        for (const name of ['lambda', 'sigma', 'kappa'] as const) {
          assert.ok(
            Math.abs(found[name] - known[name]) <= known[name] * 0.02 + 1e-9,
            `${name}: ${found[name]} for ${known[name]}`,
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  test('has no negative coefficients, whatever the points', () => {
    const points = fc.uniqueArray(
      fc.record({
        replicas: fc.integer({ min: 1, max: 40 }),
        throughput: fc.double({ min: 1, max: 1000, noNaN: true }),
      }),
      {
        minLength: 2,
        maxLength: 10,
        selector: ({ replicas }) => replicas,
      },
    );
    fc.assert(
      fc.property(points, (some) => {
        const { lambda, sigma, kappa } = fitUsl(some) ?? { lambda: 1, sigma: 0, kappa: 0 };
        assert.ok(lambda > 0 && sigma >= 0 && kappa >= 0);
      }),
      { numRuns: 200 },
    );
  });

  test('predicts points that it was not shown within 15 % when the others are off by 5 %', () => {
    const known: UslCoefficients = { lambda: 100, sigma: 0.08, kappa: 0.003 };
    const noise = [1.05, 0.96, 1.04, 0.95, 1.03, 0.97, 1.02];
    const fit = fitUsl(
      pointsOf((replicas) => uslThroughput(known, replicas) * (noise[sizes.indexOf(replicas)] ?? 1)),
    );
    assert.ok(fit !== undefined);
    for (const replicas of [5, 7, 10, 16]) {
      const real = uslThroughput(known, replicas);
      assert.ok(Math.abs(uslThroughput(fit, replicas) - real) / real < 0.15, String(replicas));
    }
  });

  test('has a highest number of replicas where there is coherency, and none where there is not', () => {
    assert.equal(uslPeak({ lambda: 1, sigma: 0, kappa: 0.01 }), 10);
    assert.equal(uslPeak({ lambda: 1, sigma: 0.1, kappa: 0 }), undefined);
    assert.equal(uslModel({ lambda: 50, sigma: 0.25, kappa: 0 }).ceiling, 200);
    assert.equal(uslModel({ lambda: 50, sigma: 0, kappa: 0 }).ceiling, undefined);
  });

  test('needs two sizes and some throughput', () => {
    assert.equal(fitUsl(pointsOf(() => 5, [1])), undefined);
    assert.equal(fitUsl(pointsOf(() => 5, [2, 2, 2])), undefined);
    assert.equal(fitUsl(pointsOf(() => 0)), undefined);
    assert.equal(fitCapacity([]), undefined);
  });
});

describe('a bend', () => {
  test('is found again from its own points, and predicts the rest', () => {
    for (const [lambda, ceiling, sharpness] of [
      [40, 200, Infinity],
      [100, 210, 5],
      [7, 30, 2],
    ] as const) {
      const known = { lambda, ceiling, sharpness };
      const found = fitCeiling(pointsOf((replicas) => ceilingThroughput(known, replicas)));
      assert.ok(found !== undefined);
      for (const replicas of [5, 10, 30]) {
        const real = ceilingThroughput(known, replicas);
        assert.ok(
          Math.abs(ceilingThroughput(found, replicas) - real) / real < 0.03,
          `${sharpness}: ${replicas}`,
        );
      }
    }
  });

  test('is preferred to the law only where it predicts better', () => {
    assert.equal(fitCapacity(pointsOf((replicas) => Math.min(100 * replicas, 200)))?.model.kind, 'ceiling');
    const curve = pointsOf((replicas) => uslThroughput({ lambda: 100, sigma: 0.1, kappa: 0.004 }, replicas));
    assert.equal(fitCapacity(curve)?.model.kind, 'usl');
  });

  test('that no point shows is not made up', () => {
    const fit = fitCapacity(pointsOf((replicas) => 25 * replicas));
    assert.equal(fit?.model.ceiling, undefined);
    assert.ok(Math.abs((fit?.model.predict(100) ?? 0) - 2500) < 25);
  });
});

describe('the knee', () => {
  test('is where one replica more brings less than a quarter of the first', () => {
    const model = (throughput: (replicas: number) => number) =>
      ({ kind: 'usl', predict: throughput, ceiling: undefined }) as const;
    assert.equal(kneeOf(model((replicas) => Math.min(100 * replicas, 350))), 4);
    assert.equal(kneeOf(model((replicas) => 100 * replicas)), undefined);
    assert.equal(kneeOf(model(() => 100)), 1);
  });

  test('and the replicas for a rate are the fewest that reach it, or none', () => {
    const law = uslModel({ lambda: 100, sigma: 0.05, kappa: 0.01 });
    const replicas = replicasFor(law, 350) ?? 0;
    assert.ok(law.predict(replicas) >= 350 && law.predict(replicas - 1) < 350);
    assert.equal(replicasFor(law, 1000), undefined);
    assert.equal(replicasFor(uslModel({ lambda: 100, sigma: 0, kappa: 0 }), 1000), 10);
  });
});

test('least squares solve a system exactly, weigh rows, and refuse columns that say the same', () => {
  const rows = [
    [1, 0],
    [1, 1],
    [1, 2],
  ];
  const close = (found: number[] | undefined, wanted: readonly number[]): void => {
    assert.ok(
      found !== undefined && wanted.every((each, index) => Math.abs((found[index] ?? 0) - each) < 1e-9),
      String(found),
    );
  };
  close(leastSquares(rows, [1, 3, 5], [1, 1, 1]), [1, 2]);
  close(leastSquares([[1], [1]], [0, 10], [3, 1]), [2.5]);
  assert.equal(
    leastSquares(
      [
        [1, 2],
        [2, 4],
        [3, 6],
      ],
      [1, 2, 3],
      [1, 1, 1],
    ),
    undefined,
  );
  assert.equal(leastSquares([[1, 2]], [1], [1]), undefined);
});
