import type { RolloutHook, RolloutStrategy, UpdatePolicy } from '../model/rollout.ts';
import type { Service } from '../model/service.ts';

/**
 * A service on its way from one revision to another, as it stands on disk. All times are milliseconds since the epoch.
 *
 *   rolling      replacing
 *   blue-green   starting → testing → switched → keeping
 *   canary       starting → observing → starting → … (once for each share)
 *
 * In any of them a hook may be due, and the rollout stands still until that has passed.
 * In `keeping` the way is done: the old set only waits for its end, or to be wanted again.
 */
export interface Rollout {
  /** Number of the record in the service's history. */
  readonly number: number;
  readonly strategy: RolloutStrategy;
  readonly from: string;
  readonly to: string;
  /** The way back from a revision that was left: at the pace of `rollback_config`, and nothing is compared. */
  readonly isRollback: boolean;
  readonly phase: RolloutPhase;
  readonly phaseSince: number;
  readonly startedAt: number;
  /** Canary: which of the policy's steps is under way. */
  readonly step: number;
  readonly pause: RolloutPause | undefined;
  /** In place of the policy's own, where that would not fit the machine. */
  readonly parallelism: number | undefined;
  /** When each replica of the new revision began to serve, by replica id. */
  readonly served: Readonly<Record<string, number>>;
  readonly failures: readonly RolloutFailure[];
  /** How often the gate has looked in this step. */
  readonly looks: number;
  readonly lookedAt: number;
  /** The gate found the new revision no worse at this step. */
  readonly hasPassed: boolean;
  /** Rolling and blue-green: until when the gate's verdict is waited for, unless it passes before; undefined: it is not. */
  readonly heldUntil?: number;
  /** What the gate said last, for a person. */
  readonly verdict: string | undefined;
  /** The command that has to pass before anything else; undefined: none. */
  readonly hook?: RolloutHook;
  /** Undefined: none yet. */
  readonly hooksPassed?: readonly RolloutHook[];
}

export type RolloutPhase = 'replacing' | 'starting' | 'testing' | 'switched' | 'observing' | 'keeping';

export interface RolloutPause {
  readonly since: number;
  /** A person asked for it, or `failure_action: pause` did. */
  readonly by: 'person' | 'failure';
  readonly reason: string;
}

export interface RolloutFailure {
  /** Undefined: no replica could even be created. */
  readonly replicaId: string | undefined;
  readonly instance: string;
  readonly reason: string;
  readonly at: number;
}

/** The first state of a rollout. */
export function beginRollout(
  fields: Pick<Rollout, 'number' | 'strategy' | 'from' | 'to' | 'isRollback'> & {
    readonly parallelism?: number | undefined;
  },
  now: number,
): Rollout {
  return {
    parallelism: undefined,
    ...fields,
    phase: fields.strategy === 'rolling' ? 'replacing' : 'starting',
    phaseSince: now,
    startedAt: now,
    step: 0,
    pause: undefined,
    served: {},
    failures: [],
    looks: 0,
    lookedAt: 0,
    hasPassed: false,
    verdict: undefined,
  };
}

/** The pace of a rollout. */
export function paceOf(
  rollout: Rollout,
  { update, rollback }: Pick<Service, 'update' | 'rollback'>,
): UpdatePolicy {
  const policy = rollout.isRollback ? rollback : update;
  return rollout.parallelism === undefined ? policy : { ...policy, parallelism: rollout.parallelism };
}

/** Whether there is anything left to do but to let the old set go. */
export function isUnderWay(rollout: Rollout | undefined): rollout is Rollout {
  return rollout !== undefined && rollout.phase !== 'keeping';
}
