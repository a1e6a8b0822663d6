import { goOn, type Advance } from '../advance-result.ts';
import type { RolloutFacts } from '../facts.ts';
import { compareRevisions } from '../gate/compare.ts';
import { holdForVerdict } from '../gate/hold.ts';
import type { Rollout } from '../rollout.ts';
import { watchedUntil } from '../watch.ts';

/** While anything of this is being decided, it is looked again after so long. */
export const lookEveryMs = 500;

/**
 * A rolling replacement is over when every replica is of the new revision and the last of them has been watched for
 * `monitor`. The batches themselves are planned by reconcile. Meanwhile the two revisions serve beside each other, and
 * the new one fails when it is clearly worse. While that is in doubt, the first batch is watched for longer, up to a limit.
 */
export function advanceRolling(rollout: Rollout, facts: RolloutFacts): Advance {
  const { fresh, stale, replicas, now, policy } = facts;
  let next = rollout;
  const servedTimes = Object.values(next.served);
  const isCompared = !next.isRollback && policy.gate !== undefined && servedTimes.length > 0;
  if (isCompared) {
    const span = { from: Math.max(Math.min(...servedTimes), now - (policy.gate?.windowMs ?? 0)), to: now };
    const comparison = compareRevisions(next, facts, { fresh: span, stale: span }, 1);
    next = comparison.rollout;
    // Where nothing is left of the old revision, there is nothing to wait for.
    if (stale.length > 0) next = holdForVerdict(next, comparison.verdict, facts, Math.min(...servedTimes));
    if (comparison.verdict.kind === 'worse')
      return { kind: 'failed', rollout: next, reason: comparison.verdict.reason, replicaId: fresh[0]?.id };
  }
  const failed = new Set(next.failures.flatMap(({ replicaId }) => replicaId ?? []));
  const settled = fresh.filter(({ id, isServing }) => isServing || failed.has(id));
  const watched = watchedUntil(next, facts) ?? 0;
  if (next.pause !== undefined) return goOn(next);
  if (stale.length === 0 && settled.length >= replicas && fresh.length <= replicas) {
    if (watched <= now) return { kind: 'finished', rollout: next };
    return goOn(next, Math.min(watched, isCompared ? now + lookEveryMs : Infinity));
  }
  return goOn(next, isCompared ? now + lookEveryMs : undefined);
}
