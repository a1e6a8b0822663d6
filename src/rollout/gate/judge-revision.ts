import { differenceOfRates, rateOf } from './difference-of-rates.ts';
import { quantileEstimate, quantileInterval } from './quantile-interval.ts';
import type { RevisionTraffic } from './revision-traffic.ts';
import type { GatePolicy } from '../../model/rollout.ts';

export type GateVerdict =
  | { readonly kind: 'worse'; readonly reason: string }
  | { readonly kind: 'no-worse'; readonly reason: string }
  /** Too little is known for either; more requests will tell. */
  | { readonly kind: 'undecided'; readonly reason: string };

/** Two latencies that differ by less are taken for equal: below it, a busy machine makes the difference. */
const negligibleMs = 5;

/** The sample has to grow by this factor from one look to the next. */
const growthBetweenLooks = 1.5;

/**
 * Compares a new revision with the old one over the same stretch of time.
 *
 * Errors: the bounds of the difference of the two error rates against `maxErrorRateIncrease`. Latency: the bounds of
 * one quantile in each revision against `maxLatencyIncrease`. Worse is what lies beyond its limit for sure, no worse
 * what lies within both for sure, at the look's own share of `1 − confidence`: look k gets 6/π²k² of it, so that a
 * revision within the limits is called worse with probability at most `1 − confidence`, however often one looks.
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
  const share = 6 / (Math.PI * (looks + 1)) ** 2;
  // One half for each of the two comparisons.
  const alpha = ((1 - policy.confidence) * share) / parts / 2;
  const verdicts = [judgeErrors(policy, fresh, stale, alpha), judgeLatency(policy, fresh, stale, alpha)];
  return (
    verdicts.find(({ kind }) => kind === 'worse') ??
    verdicts.find(({ kind }) => kind === 'undecided') ?? {
      kind: 'no-worse',
      reason: verdicts.map(({ reason }) => reason).join('; '),
    }
  );
}

/** Whether enough was answered since the last look for another one. */
export function isLookDue(
  policy: GatePolicy,
  fresh: RevisionTraffic,
  stale: RevisionTraffic,
  looks: number,
): boolean {
  return Math.min(fresh.requests, stale.requests) >= policy.minRequests * growthBetweenLooks ** looks;
}

function judgeErrors(
  { maxErrorRateIncrease }: GatePolicy,
  fresh: RevisionTraffic,
  stale: RevisionTraffic,
  alpha: number,
): GateVerdict {
  const proportion = ({ errors, requests }: RevisionTraffic) => ({ successes: errors, trials: requests });
  const { lower, upper } = differenceOfRates(proportion(fresh), proportion(stale), alpha);
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
  alpha: number,
): GateVerdict {
  // Each interval may be wrong with half of the probability.
  const ofFresh = quantileInterval(fresh, latencyQuantile, alpha / 2);
  const ofStale = quantileInterval(stale, latencyQuantile, alpha / 2);
  const limitOf = (ms: number): number => ms * (1 + maxLatencyIncrease) + negligibleMs;
  const name = `p${Math.round(latencyQuantile * 100)}`;
  const words = `${name} ${duration(quantileEstimate(fresh, latencyQuantile))}, before ${duration(quantileEstimate(stale, latencyQuantile))}`;
  const allowed = `allowed is ${percent(maxLatencyIncrease)} more`;
  if (ofFresh.lower > limitOf(ofStale.upper))
    return { kind: 'worse', reason: `${words}: at least ${duration(ofFresh.lower)}, ${allowed}` };
  if (ofFresh.upper <= limitOf(ofStale.lower)) return { kind: 'no-worse', reason: words };
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
