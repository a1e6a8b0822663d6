import type { Fault, RolloutFacts } from './facts.ts';
import type { Rollout, RolloutFailure } from './rollout.ts';
import type { UpdatePolicy } from '../model/rollout.ts';

/**
 * Takes note of replicas of the new revision that began to serve, and of those that failed: never healthy in time, or
 * ended or unhealthy within `monitor` after they began to serve. Source: Compose `update_config.monitor`.
 */
export function watchReplicas(rollout: Rollout, facts: RolloutFacts): Rollout {
  const { now, fresh, pace, isBlind } = facts;
  if (isBlind) return rollout;
  const begun = fresh.filter(({ id, isServing }) => isServing && rollout.served[id] === undefined);
  const served =
    begun.length === 0
      ? rollout.served
      : {
          ...rollout.served,
          ...Object.fromEntries(
            begun.map(({ id, startedAt }) => [id, servingSince(rollout, startedAt, now)]),
          ),
        };
  const known = new Set(rollout.failures.map(nameOf));
  const failed = [...facts.faults, ...relapses({ ...rollout, served }, facts, pace.monitorMs)].filter(
    (fault) => !known.has(nameOf(fault)) && known.add(nameOf(fault)),
  );
  if (begun.length === 0 && failed.length === 0) return rollout;
  const failures = [...rollout.failures, ...failed.map((fault): RolloutFailure => ({ ...fault, at: now }))];
  return { ...rollout, served, failures };
}

/** On the way back, a replica that was there before has shown already that it can serve. */
function servingSince(
  { isRollback, startedAt: begun }: Rollout,
  startedAt: number | undefined,
  now: number,
): number {
  return isRollback && startedAt !== undefined && startedAt < begun ? startedAt : now;
}

function relapses({ served }: Rollout, { fresh, now }: RolloutFacts, monitorMs: number): readonly Fault[] {
  return fresh.flatMap(({ id, instance, problem, lastEndAt }) => {
    const since = served[id];
    if (since === undefined) return [];
    if (lastEndAt !== undefined && lastEndAt >= since && lastEndAt - since <= monitorMs) {
      const after = `${((lastEndAt - since) / 1000).toFixed(1)} s after it began to serve`;
      return [{ replicaId: id, instance, reason: `${problem ?? 'it ended'} ${after}` }];
    }
    const isWatched = now - since <= monitorMs;
    return isWatched && problem !== undefined ? [{ replicaId: id, instance, reason: problem }] : [];
  });
}

function nameOf({ replicaId, instance }: Fault): string {
  return replicaId ?? instance;
}

/** Whether more of `total` replicas failed than may. */
export function hasFailed({ failures }: Rollout, { pace }: RolloutFacts, total: number): boolean {
  if (pace.failureAction === 'continue' || failures.length === 0) return false;
  return failures.length / Math.max(1, total) > pace.maxFailureRatio;
}

/** When the newest replica that serves will have been watched for long enough; undefined when none serves. */
export function watchedUntil({ served }: Rollout, { fresh, pace }: RolloutFacts): number | undefined {
  const times = fresh.flatMap(({ id }) => served[id] ?? []);
  return times.length === 0 ? undefined : Math.max(...times) + pace.monitorMs;
}

/**
 * Until when the first batch of a rolling replacement is watched before anything else is changed: a revision that fails
 * soon after its start, or is seen to be worse, has then replaced nothing. Undefined when the first batch is past, or on the way back.
 */
export function firstBatchWatchedUntil(
  { served, isRollback, hasPassed, heldUntil = 0 }: Rollout,
  { parallelism, monitorMs }: UpdatePolicy,
  fresh: readonly string[],
): number | undefined {
  const isFirstBatch = parallelism === 0 || fresh.length <= parallelism;
  const times = fresh.flatMap((id) => served[id] ?? []);
  if (isRollback || !isFirstBatch || times.length === 0) return undefined;
  return Math.max(Math.max(...times) + monitorMs, hasPassed ? 0 : heldUntil);
}
