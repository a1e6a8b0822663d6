import type { RolloutPolicy } from '../model/rollout.ts';
import type { Rollout } from './rollout.ts';
import type { TrafficSplit } from '../balancer/balancer-driver.ts';

/** Where the two revisions stand while they run beside each other. */
export interface Placement {
  /** Replicas of the new revision; the old one keeps all of its own. */
  readonly freshReplicas: number;
  readonly isFreshInRotation: boolean;
  readonly isStaleInRotation: boolean;
  readonly split: TrafficSplit | undefined;
}

/** Undefined for a rolling replacement, where one revision gives way to the other batch by batch. */
export function placementOf(
  rollout: Rollout,
  policy: RolloutPolicy,
  replicas: number,
): Placement | undefined {
  if (rollout.strategy === 'rolling') return undefined;
  if (rollout.strategy === 'blue-green') {
    const isWatched = rollout.phase === 'switched';
    const isKept = rollout.phase === 'keeping';
    return {
      freshReplicas: replicas,
      isFreshInRotation: isWatched || isKept,
      // While the new set is watched, the old one takes what that cannot be asked: all of it, should it fall as a whole.
      isStaleInRotation: !isKept,
      split: isWatched ? { revision: rollout.to, share: 1 } : undefined,
    };
  }
  const { header, cookie } = policy;
  // While the replicas of a larger share are being started, those there are carry the share before it.
  const share =
    rollout.phase === 'starting' ? shareBefore(policy, rollout.step) : shareAt(policy, rollout.step);
  return {
    freshReplicas: replicasFor(shareAt(policy, rollout.step), replicas),
    isFreshInRotation: true,
    isStaleInRotation: true,
    split: {
      revision: rollout.to,
      share,
      ...(header !== undefined && { header }),
      ...(cookie !== undefined && { cookie }),
    },
  };
}

/** Replicas that a share of the requests needs, of those that carry all: at least one. */
export function replicasFor(share: number, replicas: number): number {
  return Math.min(replicas, Math.max(1, Math.ceil(share * replicas - 1e-9)));
}

/** Share of a step; 1 beyond the last. */
export function shareAt({ steps }: RolloutPolicy, step: number): number {
  const at = steps[step];
  return at?.kind === 'share' ? at.share : 1;
}

function shareBefore({ steps }: RolloutPolicy, step: number): number {
  const before = steps.slice(0, step).findLast(({ kind }) => kind === 'share');
  return before?.kind === 'share' ? before.share : 0;
}

/** Index of the first step from `from` on that is a share; that of the end when there is none. */
export function nextShare({ steps }: RolloutPolicy, from: number): number {
  const next = steps.findIndex(({ kind }, index) => index >= from && kind === 'share');
  return next === -1 ? steps.length - 1 : next;
}

/** How long a share is held at least: the pauses that follow it; Infinity when one of them waits for a person. */
export function pauseAfter({ steps }: RolloutPolicy, step: number): number {
  let pauseMs = 0;
  for (const following of steps.slice(step + 1)) {
    if (following.kind === 'share') break;
    pauseMs += following.durationMs ?? Infinity;
  }
  return pauseMs;
}

/** How many comparisons a canary makes: one for each share below all. */
export function comparisons({ steps }: RolloutPolicy): number {
  return Math.max(1, steps.filter((step) => step.kind === 'share' && step.share < 1).length);
}
