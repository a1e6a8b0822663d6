import type { RolloutStrategy, UpdatePolicy } from '../model/rollout.ts';

export interface MemoryNeeds {
  readonly service: string;
  readonly strategy: RolloutStrategy;
  readonly pace: Pick<UpdatePolicy, 'parallelism' | 'order'>;
  readonly replicas: number;
  /** What one replica takes, by its limit, its reservation or as measured; undefined when nobody knows. */
  readonly bytesEach: number | undefined;
  /** What the machine has left. */
  readonly availableBytes: number | undefined;
}

export interface MemoryFit {
  readonly strategy: RolloutStrategy;
  /** Undefined: as the policy says. */
  readonly parallelism: number | undefined;
  /** Why it is not as the policy says, for a person; undefined when it is. */
  readonly reason: string | undefined;
}

/** How a rollout has to go so that old and new replicas fit the machine's memory beside each other. */
export function fitMemory(needs: MemoryNeeds): MemoryFit {
  const { service, strategy, pace, replicas, bytesEach, availableBytes } = needs;
  const asked: MemoryFit = { strategy, parallelism: undefined, reason: undefined };
  if (bytesEach === undefined || availableBytes === undefined || bytesEach <= 0) return asked;
  if (strategy === 'rolling' && pace.order === 'stop-first') return asked;
  const batch = pace.parallelism === 0 ? replicas : Math.min(pace.parallelism, replicas);
  const surge = strategy === 'rolling' ? batch : replicas;
  const room = Math.floor(availableBytes / bytesEach);
  if (surge <= room) return asked;
  const parallelism = Math.max(1, Math.min(batch, room));
  const what = `${surge} more ${surge === 1 ? 'replica' : 'replicas'} of ${service} at ${megabytes(bytesEach)} each do not fit the ${megabytes(availableBytes)} of memory left`;
  const instead = strategy === 'rolling' ? '' : `a rolling update instead of ${strategy}, `;
  const least = room < 1 ? ', and even that is more than there is' : '';
  return {
    strategy: 'rolling',
    parallelism,
    reason: `${what}: ${instead}${parallelism} at a time${least}`,
  };
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}
