import { goOn, type Advance } from './advance-result.ts';
import { advanceBlueGreen } from './strategies/blue-green.ts';
import { advanceCanary } from './strategies/canary.ts';
import { advanceRolling } from './strategies/rolling.ts';
import type { RolloutFacts } from './facts.ts';
import { awaitHook, hookBefore, isFirstBatchReady, isHookAhead } from './hooks.ts';
import { placementOf } from './placement.ts';
import type { Rollout } from './rollout.ts';
import { hasFailed, watchReplicas } from './watch.ts';

/**
 * The next state of a rollout: a pure function of where it stands, what is seen, and the time. A new state has to be
 * on disk before anything acts on it.
 */
export function advance(rollout: Rollout, facts: RolloutFacts): Advance {
  if (facts.isBlind) return goOn(rollout);
  const total = placementOf(rollout, facts.policy, facts.replicas)?.freshReplicas ?? facts.replicas;
  const watched = rollout.phase === 'keeping' ? rollout : watchReplicas(rollout, facts);
  // What failed already waits for a person.
  if (watched.pause?.by === 'failure') return goOn(watched);
  if (hasFailed(watched, facts, total)) {
    const last = watched.failures.at(-1);
    const reason = `${last?.instance ?? 'a replica'}: ${last?.reason ?? 'it failed'}`;
    return { kind: 'failed', rollout: watched, reason, replicaId: last?.replicaId };
  }
  if (facts.replicas === 0 && facts.stale.length === 0) return { kind: 'finished', rollout: watched };
  if (watched.hook !== undefined) return awaitHook(watched, watched.hook, facts);
  const isReady = isHookAhead(watched, facts.policy, 'beforeSwitch') && isFirstBatchReady(watched, facts);
  if (isReady && watched.pause === undefined) return goOn({ ...watched, hook: 'beforeSwitch' }, facts.now);
  const step = advanceByStrategy(watched, facts);
  const hook = hookBefore(watched, step, facts.policy);
  return hook === undefined ? step : goOn({ ...watched, hook }, facts.now);
}

function advanceByStrategy(rollout: Rollout, facts: RolloutFacts): Advance {
  switch (rollout.strategy) {
    case 'rolling':
      return advanceRolling(rollout, facts);
    case 'blue-green':
      return advanceBlueGreen(rollout, facts);
    case 'canary':
      return advanceCanary(rollout, facts);
  }
}
