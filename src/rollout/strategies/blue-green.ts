import { enterPhase, goOn, type Advance } from '../advance-result.ts';
import type { RolloutFacts } from '../facts.ts';
import { compareRevisions, type Span } from '../gate/compare.ts';
import { holdForVerdict, isHeldForVerdict, memoryMs } from '../gate/hold.ts';
import type { Rollout } from '../rollout.ts';
import { watchedUntil } from '../watch.ts';
import { lookEveryMs } from './rolling.ts';

/**
 * Blue-green: the whole new set healthy, then tested, then all requests at once, then watched for `monitor`, and for as
 * long as the gate is in doubt, up to a limit; the old set is kept until `keep` has passed since the switch.
 */
export function advanceBlueGreen(rollout: Rollout, facts: RolloutFacts): Advance {
  const { now, fresh, stale, replicas, policy } = facts;
  if (rollout.pause !== undefined) return goOn(rollout);
  switch (rollout.phase) {
    case 'testing': {
      if (facts.smoke.kind === 'failed')
        return {
          kind: 'failed',
          rollout,
          reason: facts.smoke.reason,
          replicaId: undefined,
        };
      return facts.smoke.kind === 'passed' ? goOn(enterPhase(rollout, 'switched', now), now) : goOn(rollout);
    }
    case 'switched':
      return watchSwitch(rollout, facts);
    case 'keeping': {
      const endsAt = rollout.phaseSince + policy.keepMs;
      return stale.length === 0 || endsAt <= now ? { kind: 'finished', rollout } : goOn(rollout, endsAt);
    }
    case 'starting':
    case 'replacing':
    case 'observing': {
      if (fresh.filter(({ isReady }) => isReady).length < replicas) return goOn(rollout);
      return goOn(enterPhase(rollout, policy.smoke === undefined ? 'switched' : 'testing', now), now);
    }
  }
}

/** The old set only stands by, so the new one is compared with what the old one did before. */
function watchSwitch(rollout: Rollout, facts: RolloutFacts): Advance {
  const { now, fresh, stale, replicas, policy } = facts;
  const { phaseSince } = rollout;
  const comparison = compareRevisions(
    rollout,
    facts,
    { fresh: { from: phaseSince, to: now }, stale: spanBefore(rollout, facts) },
    1,
  );
  if (comparison.verdict.kind === 'worse')
    return {
      kind: 'failed',
      rollout: comparison.rollout,
      reason: comparison.verdict.reason,
      replicaId: fresh[0]?.id,
    };
  const next = holdForVerdict(comparison.rollout, comparison.verdict, facts, phaseSince);
  const failed = new Set(next.failures.flatMap(({ replicaId }) => replicaId ?? []));
  const serving = fresh.filter(({ id, isServing }) => isServing || failed.has(id)).length;
  const watched = watchedUntil(next, facts) ?? Infinity;
  if (serving < replicas || watched > now || isHeldForVerdict(next, now))
    return goOn(next, now + lookEveryMs);
  if (policy.keepMs === 0 || stale.length === 0) return { kind: 'finished', rollout: next };
  // Kept from the switch on, not from the end of the watch.
  return goOn({ ...next, phase: 'keeping' }, phaseSince + policy.keepMs);
}

/**
 * The last minute before the rollout began: while the new set was being started, the old one may have been slower than it
 * is. Where too little was answered then, the last before the switch.
 */
function spanBefore({ from, startedAt, phaseSince }: Rollout, { policy, trafficOf }: RolloutFacts): Span {
  const calm = { from: startedAt - memoryMs, to: startedAt };
  const answered = trafficOf?.(from, calm.from, calm.to).requests ?? 0;
  return answered >= (policy.gate?.minRequests ?? 0) ? calm : { from: phaseSince - memoryMs, to: phaseSince };
}
