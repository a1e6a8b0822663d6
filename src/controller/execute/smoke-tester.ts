import type { Replica } from '../../model/replica.ts';
import type { RolloutHook } from '../../model/rollout.ts';
import type { Service } from '../../model/service.ts';
import type { Stack } from '../../model/stack.ts';
import type { Rollout } from '../../rollout/rollout.ts';

/** The replicas of a service that are of its new revision. */
export interface SmokeSubject {
  readonly stack: Stack;
  readonly service: Service;
  /** Running replicas of the new revision. */
  readonly replicas: readonly Replica[];
}

/** A new revision, and the moment of its rollout. */
export interface HookSubject extends SmokeSubject {
  readonly hook: RolloutHook;
  readonly rollout: Pick<Rollout, 'from' | 'strategy'>;
}

/** Runs the command that `rollout.hooks` has for the moment. Throws `replica-failed`, with what it said, when it fails. */
export type HookRunner = (subject: HookSubject, signal: AbortSignal) => Promise<void>;

/** Runs the service's `rollout.smoke`. Throws `replica-failed`, with what the test said, when it does not pass. */
export type SmokeTester = (subject: SmokeSubject, signal: AbortSignal) => Promise<void>;
