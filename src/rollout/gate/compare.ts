import { isLookDue, judgeRevision, type GateVerdict } from './judge-revision.ts';
import { noRevisionTraffic } from './revision-traffic.ts';
import type { RolloutFacts } from '../facts.ts';
import type { Rollout } from '../rollout.ts';

/** From when to when each revision's requests count, milliseconds since the epoch. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Comparison {
  readonly rollout: Rollout;
  readonly verdict: GateVerdict;
}

/** Compares what both revisions answered; the rollout that comes back remembers that it was looked. */
export function compareRevisions(
  rollout: Rollout,
  facts: RolloutFacts,
  spans: { readonly fresh: Span; readonly stale: Span },
  parts: number,
): Comparison {
  const { policy, trafficOf } = facts;
  const undecided = (reason: string): Comparison => ({
    rollout: rollout.verdict === reason ? rollout : { ...rollout, verdict: reason },
    verdict: { kind: 'undecided', reason },
  });
  const opened = (reason: string): Comparison => ({ rollout, verdict: { kind: 'no-worse', reason } });
  if (policy.gate === undefined) return opened('requests are not compared');
  if (facts.isGateOpen) return opened('it is taken to be as good as before');
  if (trafficOf === undefined) return undecided('nobody measures the requests');
  const fresh = trafficOf(rollout.to, spans.fresh.from, spans.fresh.to) ?? noRevisionTraffic;
  const stale = trafficOf(rollout.from, spans.stale.from, spans.stale.to) ?? noRevisionTraffic;
  const { looks, lookedAt } = rollout;
  // Where the window slides over a steady rate, the sample grows no more: a new window is a new sample.
  const isRenewed = looks > 0 && facts.now - lookedAt >= policy.gate.windowMs;
  if (!isRenewed && !isLookDue(policy.gate, fresh, stale, looks))
    return undecided(looks > 0 ? (rollout.verdict ?? '') : 'too few requests were answered to compare them');
  const verdict = judgeRevision(policy.gate, fresh, stale, { looks, parts });
  return {
    rollout: { ...rollout, looks: looks + 1, lookedAt: facts.now, verdict: verdict.reason },
    verdict,
  };
}
