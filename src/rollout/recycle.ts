import type { RecyclePolicy } from '../model/recycle.ts';
import { earliest } from '../shared/earliest.ts';
import { fnv1a } from '../shared/fnv1a.ts';

/** One replica that serves. */
export interface RecycleFacts {
  readonly replicaId: string;
  readonly instance: string;
  /** When its present run began, milliseconds since the epoch. */
  readonly startedAt: number;
  /** In its present run. */
  readonly requests: number;
  /** Undefined: nobody measures. */
  readonly memoryBytes: number | undefined;
}

export interface RecycleChoice {
  readonly replica: RecycleFacts;
  /** One line for a person. */
  readonly reason: string;
}

export interface RecycleDecision {
  /** The one that is furthest beyond a limit; undefined when none is. */
  readonly choice: RecycleChoice | undefined;
  /** When the next one grows too old, milliseconds since the epoch. */
  readonly wakeAt: number | undefined;
}

/** Which replica is due. Jitter spreads replicas that began together, so that they are not due together. */
export function chooseRecycled(
  policy: RecyclePolicy,
  replicas: readonly RecycleFacts[],
  now: number,
): RecycleDecision {
  const due = replicas
    .flatMap((replica) => excessesOf(policy, replica, now))
    .filter(({ ratio }) => ratio >= 1)
    .toSorted((a, b) => b.ratio - a.ratio);
  const { maxAgeMs } = policy;
  const ages =
    maxAgeMs === undefined
      ? []
      : replicas.map((replica) => replica.startedAt + maxAgeMs * stretch(policy, replica));
  const ahead = ages.filter((at) => at > now);
  return { choice: due[0], wakeAt: earliest(ahead) };
}

interface Excess extends RecycleChoice {
  /** Of what it has to what it may have. */
  readonly ratio: number;
}

function excessesOf(policy: RecyclePolicy, replica: RecycleFacts, now: number): readonly Excess[] {
  const factor = stretch(policy, replica);
  const ageMs = now - replica.startedAt;
  const excess = (has: number | undefined, limit: number | undefined, reason: string): readonly Excess[] =>
    has === undefined || limit === undefined ? [] : [{ replica, reason, ratio: has / limit }];
  const { maxRequests, maxAgeMs, maxMemoryBytes } = policy;
  const maxCount = maxRequests === undefined ? undefined : Math.ceil(maxRequests * factor);
  return [
    ...excess(replica.requests, maxCount, `recycled after ${replica.requests} requests`),
    ...excess(
      ageMs,
      maxAgeMs === undefined ? undefined : maxAgeMs * factor,
      `recycled after ${Math.round(ageMs / 1000)} s`,
    ),
    ...excess(
      replica.memoryBytes,
      maxMemoryBytes,
      `recycled at ${Math.round((replica.memoryBytes ?? 0) / 1024 ** 2)} MiB of memory`,
    ),
  ];
}

/** From 1 to 1 + jitter; the same for the whole run of a replica, whoever asks. */
function stretch({ jitter }: RecyclePolicy, { replicaId, startedAt }: RecycleFacts): number {
  return 1 + jitter * ((fnv1a(`${replicaId}@${startedAt}`) >>> 0) / 2 ** 32);
}
