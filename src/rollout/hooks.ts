import { goOn, type Advance } from './advance-result.ts';
import type { RolloutFacts } from './facts.ts';
import type { Rollout } from './rollout.ts';
import type { RolloutHook, RolloutPolicy } from '../model/rollout.ts';

/** As the compose file calls them. */
export const hookNames = {
  beforeSwitch: 'before_switch',
  afterSwitch: 'after_switch',
} as const satisfies Readonly<Record<RolloutHook, string>>;

/** Whether the rollout has to pass the hook yet. The way back has none. */
export function isHookAhead(rollout: Rollout, { hooks }: RolloutPolicy, hook: RolloutHook): boolean {
  return !rollout.isRollback && hooks?.[hook] !== undefined && rollout.hooksPassed?.includes(hook) !== true;
}

/** The next state of a rollout whose hook is due. One that failed is due again when a person lets the rollout go on. */
export function awaitHook(rollout: Rollout, hook: RolloutHook, { hook: result, now }: RolloutFacts): Advance {
  const { hook: _hook, ...rest } = rollout;
  switch (result.kind) {
    case 'pending':
      return goOn(rollout);
    case 'passed':
      return goOn({ ...rest, hooksPassed: [...(rollout.hooksPassed ?? []), hook] }, now);
    case 'failed':
      return { kind: 'failed', rollout: rest, reason: result.reason, replicaId: undefined };
  }
}

/** The first new replicas of a service that changes by and by are healthy, and the old ones still have all requests. */
export function isFirstBatchReady(rollout: Rollout, { fresh }: RolloutFacts): boolean {
  if (rollout.strategy === 'blue-green') return false;
  const failed = new Set(rollout.failures.flatMap(({ replicaId }) => replicaId ?? []));
  return (
    fresh.some(({ isReady }) => isReady) &&
    fresh.every(({ id, isReady, isServing }) => isReady || isServing || failed.has(id))
  );
}

/** Which hook comes before the step that the strategy would take. */
export function hookBefore(rollout: Rollout, step: Advance, policy: RolloutPolicy): RolloutHook | undefined {
  if (step.kind === 'failed' || rollout.phase === 'keeping') return undefined;
  const isSwitch = step.rollout.phase === 'switched' && rollout.phase !== 'switched';
  if (isSwitch && isHookAhead(rollout, policy, 'beforeSwitch')) return 'beforeSwitch';
  const isEnd = step.kind === 'finished' || step.rollout.phase === 'keeping';
  return isEnd && isHookAhead(rollout, policy, 'afterSwitch') ? 'afterSwitch' : undefined;
}
