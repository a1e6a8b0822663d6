import type { Rollout, RolloutPhase } from './rollout.ts';

/** What becomes of a rollout at one moment. */
export type Advance =
  /** It goes on as it is; `wakeAt` is when time alone may change that. */
  | { readonly kind: 'on'; readonly rollout: Rollout; readonly wakeAt: number | undefined }
  /** Every replica wanted is of the new revision, and was watched. */
  | { readonly kind: 'finished'; readonly rollout: Rollout }
  | {
      readonly kind: 'failed';
      readonly rollout: Rollout;
      readonly reason: string;
      /** Whose last words tell more. */
      readonly replicaId: string | undefined;
    };

export function goOn(rollout: Rollout, wakeAt?: number): Advance {
  return { kind: 'on', rollout, wakeAt };
}

/** The rollout at the beginning of a phase. */
export function enterPhase(rollout: Rollout, phase: RolloutPhase, now: number): Rollout {
  return { ...rollout, phase, phaseSince: now };
}
