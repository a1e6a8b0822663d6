import { enterPhase, goOn, type Advance } from '../advance-result.ts';
import type { RolloutFacts } from '../facts.ts';
import { compareRevisions } from '../gate/compare.ts';
import { comparisons, nextShare, pauseAfter, replicasFor, shareAt } from '../placement.ts';
import type { Rollout } from '../rollout.ts';
import { watchedUntil } from '../watch.ts';
import { lookEveryMs } from './rolling.ts';

/**
 * Canary: each share of the requests is held for its pause and for `monitor`, and until the new revision is known to
 * be no worse than the old one at this share; with too little traffic it is held for as long as that takes. A revision
 * that is worse fails at once.
 */
export function advanceCanary(rollout: Rollout, facts: RolloutFacts): Advance {
  const { now, fresh, replicas, policy, pace } = facts;
  const share = shareAt(policy, rollout.step);
  const failed = new Set(rollout.failures.flatMap(({ replicaId }) => replicaId ?? []));
  const serving = fresh.filter(({ id, isServing }) => isServing || failed.has(id)).length;
  if (rollout.phase === 'starting') {
    if (rollout.pause !== undefined || serving < replicasFor(share, replicas)) return goOn(rollout);
    return goOn({ ...enterPhase(rollout, 'observing', now), looks: 0, verdict: undefined }, now);
  }
  const watched = Math.max(rollout.phaseSince + pace.monitorMs, watchedUntil(rollout, facts) ?? Infinity);
  if (share >= 1) {
    // Nothing is left to compare with.
    if (rollout.pause !== undefined || serving < replicas) return goOn(rollout);
    return watched <= now ? { kind: 'finished', rollout } : goOn(rollout, watched);
  }
  const span = { from: Math.max(rollout.phaseSince, now - (policy.gate?.windowMs ?? 0)), to: now };
  const comparison = compareRevisions(rollout, facts, { fresh: span, stale: span }, comparisons(policy));
  const next = comparison.rollout;
  if (comparison.verdict.kind === 'worse')
    return { kind: 'failed', rollout: next, reason: comparison.verdict.reason, replicaId: fresh[0]?.id };
  if (next.pause !== undefined) return goOn(next, now + lookEveryMs);
  // A simulation waits for nobody.
  const pauseMs = facts.isGateOpen ? 0 : pauseAfter(policy, next.step);
  const heldUntil = Math.max(watched, next.phaseSince + pauseMs);
  if (heldUntil > now || !isPassed(next, comparison.verdict.kind === 'no-worse'))
    return goOn(rememberPass(next, comparison.verdict.kind === 'no-worse'), now + lookEveryMs);
  return goOn(promoted(next, facts.policy, now), now);
}

/** The gate looks at ever larger samples, so what it found once holds until it finds otherwise. */
function isPassed(rollout: Rollout, isNoWorse: boolean): boolean {
  return isNoWorse || rollout.hasPassed;
}

function rememberPass(rollout: Rollout, isNoWorse: boolean): Rollout {
  return isNoWorse && !rollout.hasPassed ? { ...rollout, hasPassed: true } : rollout;
}

/** The rollout at the beginning of its next share, whatever holds it at this one. */
export function promoted(rollout: Rollout, policy: RolloutFacts['policy'], now: number): Rollout {
  const step = nextShare(policy, rollout.step + 1);
  return { ...enterPhase(rollout, 'starting', now), step, hasPassed: false, looks: 0, verdict: undefined };
}
