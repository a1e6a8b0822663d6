import { differenceOfRates, rateOf } from './difference-of-rates.ts';
import { quantileEstimate, quantileInterval } from './quantile-interval.ts';
import type { RevisionTraffic } from './revision-traffic.ts';
import type { LatencyHistogram } from '../../balancer/balancer-driver.ts';
import type { GatePolicy } from '../../model/rollout.ts';

export type GateVerdict =
  | { readonly kind: 'worse'; readonly reason: string }
  | { readonly kind: 'no-worse'; readonly reason: string }
  /** Too little is known for either; more requests will tell. */
  | { readonly kind: 'undecided'; readonly reason: string };

/** Two latencies that differ by less are taken for equal: below it, a busy machine makes the difference. */
const negligibleMs = 5;

/** The new revision's sample has to grow by this factor from one look to the next. */
const growthBetweenLooks = 1.3;

/**
 * Compares a new revision with the old one over the same stretch of time.
 *
 * Errors: the bounds of the difference of the two error rates against `maxErrorRateIncrease`. Latency: the bounds of
 * one quantile in each revision against `maxLatencyIncrease`. Worse is what lies beyond a limit for sure, no worse what
 * lies within both for sure; anything else is undecided.
 *
 * No worse is said at the stated confidence. Worse costs a rollback, and one looks often: look k gets 6/π²k² of
 * `1 − confidence`, so that a revision within the limits is called worse with at most that probability over all looks.
 * `parts` divides it further, where a rollout consists of several comparisons.
 */
export function judgeRevision(
  policy: GatePolicy,
  fresh: RevisionTraffic,
  stale: RevisionTraffic,
  { looks, parts }: { readonly looks: number; readonly parts: number },
): GateVerdict {
  const { minRequests } = policy;
  const least = Math.min(fresh.requests, stale.requests);
  if (least < minRequests) {
    const which = fresh.requests <= stale.requests ? 'the new revision' : 'the old revision';
    return { kind: 'undecided', reason: `${which} has answered ${least} of ${minRequests} requests` };
  }
  const wrong = 1 - policy.confidence;
  const ofThisLook = 6 / (Math.PI * (looks + 1)) ** 2;
  // One half of it for each of the two comparisons; to be no worse takes both, which needs no such share.
  const alphas = { worse: (wrong * ofThisLook) / parts / 2, noWorse: wrong };
  const verdicts = [judgeErrors(policy, fresh, stale, alphas), judgeLatency(policy, fresh, stale, alphas)];
  return (
    verdicts.find(({ kind }) => kind === 'worse') ??
    verdicts.find(({ kind }) => kind === 'undecided') ?? {
      kind: 'no-worse',
      reason: verdicts.map(({ reason }) => reason).join('; '),
    }
  );
}

/** Whether the new revision has answered enough since the last look for another one; the old one may be asked no more. */
export function isLookDue(
  policy: GatePolicy,
  fresh: RevisionTraffic,
  stale: RevisionTraffic,
  looks: number,
): boolean {
  if (stale.requests < policy.minRequests) return false;
  return fresh.requests >= policy.minRequests * growthBetweenLooks ** looks;
}

/** Probabilities with which each word may be wrong. */
interface Alphas {
  readonly worse: number;
  readonly noWorse: number;
}

function judgeErrors(
  { maxErrorRateIncrease }: GatePolicy,
  fresh: RevisionTraffic,
  stale: RevisionTraffic,
  alphas: Alphas,
): GateVerdict {
  const proportion = ({ errors, requests }: RevisionTraffic) => ({ successes: errors, trials: requests });
  const { lower } = differenceOfRates(proportion(fresh), proportion(stale), alphas.worse);
  const { upper } = differenceOfRates(proportion(fresh), proportion(stale), alphas.noWorse);
  const words = `errors ${percent(rateOf(proportion(fresh)))} of ${fresh.requests}, before ${percent(rateOf(proportion(stale)))} of ${stale.requests}`;
  const allowed = `allowed are ${percent(maxErrorRateIncrease)} more`;
  if (lower > maxErrorRateIncrease)
    return { kind: 'worse', reason: `${words}: at least ${percent(lower)} more, ${allowed}` };
  if (upper <= maxErrorRateIncrease) return { kind: 'no-worse', reason: words };
  return { kind: 'undecided', reason: `${words}: up to ${percent(upper)} more, ${allowed}` };
}

function judgeLatency(
  { latencyQuantile, maxLatencyIncrease }: GatePolicy,
  { latency: fresh }: RevisionTraffic,
  { latency: stale }: RevisionTraffic,
  alphas: Alphas,
): GateVerdict {
  // Each of two intervals may be wrong with half of the probability.
  const bounds = (histogram: LatencyHistogram, alpha: number) =>
    quantileInterval(histogram, latencyQuantile, alpha / 2);
  const limitOf = (ms: number): number => ms * (1 + maxLatencyIncrease) + negligibleMs;
  const name = `p${Math.round(latencyQuantile * 100)}`;
  const words = `${name} ${duration(quantileEstimate(fresh, latencyQuantile))}, before ${duration(quantileEstimate(stale, latencyQuantile))}`;
  const allowed = `allowed is ${percent(maxLatencyIncrease)} more`;
  const least = bounds(fresh, alphas.worse).lower;
  if (least > limitOf(bounds(stale, alphas.worse).upper))
    return { kind: 'worse', reason: `${words}: at least ${duration(least)}, ${allowed}` };
  if (bounds(fresh, alphas.noWorse).upper <= limitOf(bounds(stale, alphas.noWorse).lower))
    return { kind: 'no-worse', reason: words };
  return { kind: 'undecided', reason: `${words}: not known well enough yet, ${allowed}` };
}

function percent(rate: number): string {
  const percents = rate * 100;
  return `${percents >= 10 ? percents.toFixed(0) : percents.toFixed(1)} %`;
}

function duration(ms: number | undefined): string {
  if (ms === undefined) return 'unknown';
  return ms >= 100 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(1)} ms`;
}
