import type { UpdatePolicy } from '../../model/rollout.ts';

/** Counts over one service's replicas, from one snapshot. */
export interface RollingState {
  readonly desired: number;
  /** Replicas of the wanted revision, those being created among them. */
  readonly current: number;
  /** Of these, the ones that take traffic (or are healthy, where the service has no traffic). */
  readonly servingCurrent: number;
  /** Replicas to be replaced that nobody has asked to leave yet and that take traffic. */
  readonly servingOutdated: number;
  /** Replicas to be replaced that exist in whatever state, the leaving ones among them. */
  readonly outdated: number;
  /** Of these, the ones on their way out. */
  readonly leaving: number;
  /** When the newest current replica began to serve; undefined when none does. Milliseconds since the epoch. */
  readonly lastServingAt: number | undefined;
  /** Until when the first batch is watched before anything else changes; undefined when nothing is to be watched. */
  readonly watchedUntil?: number | undefined;
  /** Nothing changes until somebody says so. */
  readonly isPaused?: boolean;
  readonly now: number;
}

export interface RollingStep {
  /** New replicas to create now. */
  readonly create: number;
  /** Serving outdated replicas to send on their way out now. */
  readonly retire: number;
  /** When the delay between two batches, or the watch over the first, ends, if that is what holds it. */
  readonly holdUntil: number | undefined;
}

/**
 * The next step of a rolling replacement.
 *
 * `start-first` never has fewer than `desired` serving, and at most `desired + parallelism` beside those that drain.
 * `stop-first` never has more than `desired`, and at most `parallelism` of them not serving. While the first batch is watched, what
 * it replaces stays, so that a revision that fails at once costs nothing but the start. Source: Compose `deploy.update_config`.
 */
export function nextRollingStep(policy: UpdatePolicy, state: RollingState): RollingStep {
  const parallelism = policy.parallelism === 0 ? Math.max(1, state.desired) : policy.parallelism;
  const missing = Math.max(0, state.desired - state.current);
  if (state.outdated === 0) return { create: missing, retire: 0, holdUntil: undefined };

  if (state.isPaused === true) return { create: 0, retire: 0, holdUntil: undefined };
  const unsettled = state.current - state.servingCurrent;
  const freed = Math.min(missing, Math.max(0, state.desired - state.current - state.outdated));
  if ((state.watchedUntil ?? 0) > state.now) {
    // The batch is filled, where a part of it is still to come; it is one as long as no more than it has begun.
    const create =
      policy.order === 'start-first' ? Math.min(missing, Math.max(0, parallelism - state.current)) : freed;
    return { create, retire: 0, holdUntil: state.watchedUntil };
  }
  const holdUntil = delayEnd(policy, state);
  // With a delay, a batch has to be whole before its end can be told; without one, the next may overlap it.
  const isUnfinished =
    policy.delayMs > 0 && (unsettled > 0 || (policy.order === 'stop-first' && state.leaving > 0));
  const isHeld = holdUntil !== undefined || isUnfinished;
  const surplus = Math.max(0, state.servingCurrent + state.servingOutdated - state.desired);

  if (policy.order === 'start-first') {
    const room = isHeld ? 0 : Math.max(0, parallelism - unsettled);
    return {
      create: Math.min(missing, room),
      retire: Math.min(state.servingOutdated, surplus),
      holdUntil,
    };
  }
  // A place whose old replica is gone and whose new one is not even begun serves no more than one that starts.
  const notServing = state.desired - state.servingCurrent - state.servingOutdated;
  const inTransition = Math.max(state.leaving + unsettled, notServing);
  const room = isHeld ? 0 : Math.max(0, parallelism - inTransition);
  return {
    create: freed,
    retire: Math.min(state.servingOutdated, Math.max(room, surplus)),
    holdUntil,
  };
}

function delayEnd(policy: UpdatePolicy, state: RollingState): number | undefined {
  if (policy.delayMs <= 0 || state.lastServingAt === undefined) return undefined;
  const end = state.lastServingAt + policy.delayMs;
  return end > state.now ? end : undefined;
}
