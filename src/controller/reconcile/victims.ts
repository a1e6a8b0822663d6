import { isRunning, type ObservedReplica } from '../observed.ts';

export interface Victim {
  readonly replica: ObservedReplica;
  /** Why this one and not another. */
  readonly cause: string;
}

interface Rank {
  readonly applies: (replica: ObservedReplica) => boolean;
  readonly cause: string;
}

/**
 * The `count` replicas that go first when there are too many.
 *
 * Order: obsolete revision, not running, already leaving rotation, unhealthy, out of rotation, least in flight,
 * highest index. What already drains goes on draining, so that a second look never picks other victims.
 */
export function chooseVictims(
  replicas: readonly ObservedReplica[],
  count: number,
  isObsolete: (replica: ObservedReplica) => boolean,
): readonly Victim[] {
  if (count <= 0) return [];
  const ranks: readonly Rank[] = [
    { applies: isObsolete, cause: 'obsolete revision' },
    { applies: (replica) => !isRunning(replica), cause: 'not running' },
    {
      applies: (replica) => replica.rotation === 'drained' || replica.rotation === 'draining',
      cause: 'draining already',
    },
    {
      applies: (replica) => replica.health === 'unhealthy' || replica.condition === 'down',
      cause: 'unhealthy',
    },
    { applies: (replica) => replica.health === 'starting', cause: 'not healthy yet' },
  ];
  const rankOf = (replica: ObservedReplica): number => {
    const rank = ranks.findIndex(({ applies }) => applies(replica));
    return rank === -1 ? ranks.length : rank;
  };
  const leastInFlight = Math.min(...replicas.map((replica) => replica.inFlight));
  return replicas
    .map((replica) => ({ replica, rank: rankOf(replica) }))
    .sort(
      (a, b) =>
        a.rank - b.rank ||
        a.replica.inFlight - b.replica.inFlight ||
        b.replica.replica.index - a.replica.replica.index ||
        a.replica.replica.createdAt - b.replica.replica.createdAt,
    )
    .slice(0, count)
    .map(({ replica, rank }) => ({
      replica,
      cause: ranks[rank]?.cause ?? idleCause(replica, leastInFlight),
    }));
}

function idleCause(replica: ObservedReplica, leastInFlight: number): string {
  return replica.inFlight === leastInFlight && leastInFlight > 0
    ? `least in flight (${replica.inFlight})`
    : `highest index of those with ${replica.inFlight} in flight`;
}
