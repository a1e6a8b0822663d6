import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rolloutPolicy } from '../../src/compose/stack/changes/rollout.ts';
import type { LatencyHistogram } from '../../src/balancer/balancer-driver.ts';
import { differenceOfRates } from '../../src/rollout/gate/difference-of-rates.ts';
import { isLookDue, judgeRevision, type GateVerdict } from '../../src/rollout/gate/judge-revision.ts';
import { normalQuantile } from '../../src/rollout/gate/normal.ts';
import { quantileInterval } from '../../src/rollout/gate/quantile-interval.ts';
import type { RevisionTraffic } from '../../src/rollout/gate/revision-traffic.ts';

const gate = rolloutPolicy().gate ?? assert.fail('requests are compared by default');

/** The same numbers in every run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Kind {
  readonly errorRate: number;
  /** Median of latencies that spread by a factor of about two in either direction. */
  readonly medianMs: number;
}

class Stream {
  readonly #random: () => number;
  readonly #kind: Kind;
  #requests = 0;
  #errors = 0;
  readonly #buckets: Record<number, number> = {};

  constructor(kind: Kind, seed: number) {
    this.#kind = kind;
    this.#random = randomNumbers(seed);
  }

  send(count: number): void {
    for (let sent = 0; sent < count; sent += 1) {
      this.#requests += 1;
      if (this.#random() < this.#kind.errorRate) this.#errors += 1;
      const spread = normalQuantile(Math.min(0.999_999, Math.max(0.000_001, this.#random()))) * 0.5;
      const bucket = Math.ceil(8 * Math.log2(this.#kind.medianMs * Math.exp(spread)));
      this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    }
  }

  traffic(): RevisionTraffic {
    const latency: LatencyHistogram = { count: this.#requests, sumMs: 0, buckets: this.#buckets };
    return { requests: this.#requests, errors: this.#errors, latency };
  }
}

/** Looks once a second at 10 requests/s of the new and 190 of the old one, until the gate has made up its mind. */
function run(
  fresh: Kind,
  stale: Kind,
  seed: number,
  seconds: number,
): GateVerdict & { afterRequests: number } {
  const ofFresh = new Stream(fresh, seed);
  const ofStale = new Stream(stale, seed + 1_000_003);
  let looks = 0;
  let verdict: GateVerdict = { kind: 'undecided', reason: 'nothing was sent' };
  for (let second = 0; second < seconds && verdict.kind === 'undecided'; second += 1) {
    ofFresh.send(10);
    ofStale.send(190);
    if (!isLookDue(gate, ofFresh.traffic(), ofStale.traffic(), looks)) continue;
    verdict = judgeRevision(gate, ofFresh.traffic(), ofStale.traffic(), { looks, parts: 1 });
    looks += 1;
  }
  return { ...verdict, afterRequests: ofFresh.traffic().requests };
}

const good: Kind = { errorRate: 0.002, medianMs: 40 };

describe('the statistics', () => {
  test('know the normal distribution', () => {
    for (const [probability, z] of [
      [0.5, 0],
      [0.975, 1.959964],
      [0.95, 1.644854],
      [0.001, -3.090232],
      [0.99999, 4.264891],
    ] as const)
      assert.ok(Math.abs(normalQuantile(probability) - z) < 1e-5, `${probability}`);
  });

  test('bound the difference of two rates as the published example does', () => {
    // Newcombe 1998, table II, column (a): 56/70 and 48/80, 95 %: 0.0524 to 0.3339.
    const interval = differenceOfRates({ successes: 56, trials: 70 }, { successes: 48, trials: 80 }, 0.025);
    assert.ok(Math.abs(interval.lower - 0.0524) < 5e-5, String(interval.lower));
    assert.ok(Math.abs(interval.upper - 0.3339) < 5e-5, String(interval.upper));
  });

  test('bound a quantile by the ranks of the binomial distribution', () => {
    // One sample in each of the buckets 1 to 100; the median lies between the ranks 40 and 61 with 95 %.
    const buckets = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [index + 1, 1]));
    const { lower, upper } = quantileInterval({ count: 100, sumMs: 0, buckets }, 0.5, 0.025);
    assert.equal(Math.round(Math.log2(lower) * 8) + 1, 40);
    assert.equal(Math.round(Math.log2(upper) * 8), 61);
  });

  test('do not bound what too few samples cannot', () => {
    const three = { count: 3, sumMs: 0, buckets: { 8: 3 } };
    assert.equal(quantileInterval(three, 0.95, 0.01).upper, Infinity);
    assert.equal(quantileInterval(three, 0.05, 0.01).lower, 0);
  });
});

describe('the gate', () => {
  test('holds while there is too little traffic, whatever it looks like', () => {
    const bad = new Stream({ errorRate: 1, medianMs: 400 }, 1);
    bad.send(gate.minRequests - 1);
    const many = new Stream(good, 2);
    many.send(5_000);
    const options = { looks: 0, parts: 1 };
    assert.equal(judgeRevision(gate, bad.traffic(), many.traffic(), options).kind, 'undecided');
    assert.equal(judgeRevision(gate, many.traffic(), bad.traffic(), options).kind, 'undecided');
  });

  test('calls an equal revision worse more rarely than its confidence says, and lets it through', () => {
    const verdicts = Array.from({ length: 300 }, (_, round) => run(good, good, round * 7 + 1, 300));
    const aborted = verdicts.filter(({ kind }) => kind === 'worse').length;
    const passed = verdicts.filter(({ kind }) => kind === 'no-worse').length;
    assert.ok(aborted <= 300 * (1 - gate.confidence), `${aborted} of 300 were aborted`);
    assert.ok(passed >= 285, `${passed} of 300 passed`);
  });

  test('calls a revision at the very limit of its errors worse no more often than its confidence says', () => {
    const limit: Kind = { ...good, errorRate: good.errorRate + gate.maxErrorRateIncrease };
    const aborted = Array.from({ length: 300 }, (_, round) => run(limit, good, round * 11 + 3, 200)).filter(
      ({ kind }) => kind === 'worse',
    ).length;
    assert.ok(aborted <= 300 * (1 - gate.confidence), `${aborted} of 300 were aborted`);
  });

  for (const [what, bad, withinRequests] of [
    ['20 % errors', { ...good, errorRate: 0.2 }, 250],
    ['5 % errors', { ...good, errorRate: 0.05 }, 1_000],
    ['five times the latency', { ...good, medianMs: 200 }, 250],
    ['three times the latency', { ...good, medianMs: 120 }, 600],
  ] as const) {
    test(`finds ${what} within ${withinRequests} requests`, () => {
      const verdicts = Array.from({ length: 100 }, (_, round) => run(bad, good, round * 13 + 5, 300));
      const caught = verdicts.filter(
        ({ kind, afterRequests }) => kind === 'worse' && afterRequests <= withinRequests,
      );
      assert.ok(caught.length >= 95, `${caught.length} of 100`);
      assert.ok(verdicts.every(({ kind }) => kind !== 'no-worse'));
    });
  }

  test('says what it saw and what is allowed', () => {
    const verdict = run({ ...good, errorRate: 0.2 }, good, 1, 60);
    assert.match(
      verdict.reason,
      /^errors \d+ % of \d+, before [\d.]+ % of \d+: at least [\d.]+ % more, allowed are 1.0 % more$/,
    );
  });
});
