import type { Engine } from '../engine/engine.ts';
import type { CgroupUsage } from './cgroup.ts';

/** The part that is used here of `GET /containers/ID/stats` (Engine API). */
interface StatsReply {
  readonly cpu_stats?: { readonly cpu_usage?: { readonly total_usage?: number } };
  readonly memory_stats?: { readonly stats?: Readonly<Record<string, number>> };
}

/** Asks the engine, which costs it and us some milliseconds. */
export async function askEngine(
  engine: Engine,
  containerId: string,
  signal: AbortSignal,
): Promise<CgroupUsage> {
  const reply = await engine.json<StatsReply>('tell what a container uses', {
    method: 'GET',
    path: `/containers/${encodeURIComponent(containerId)}/stats`,
    // `one-shot`, since API 1.41: without it the engine waits a second to tell a rate.
    query: { stream: false, 'one-shot': true },
    signal,
  });
  const nanoseconds = reply.cpu_stats?.cpu_usage?.total_usage;
  const stats = reply.memory_stats?.stats ?? {};
  // Control groups of version 2 and of version 1.
  const anonymous = stats['anon'] ?? stats['total_rss'];
  const shared = stats['anon'] === undefined ? stats['total_shmem'] : stats['shmem'];
  return {
    cpuSeconds: nanoseconds === undefined ? undefined : nanoseconds / 1e9,
    memoryBytes: anonymous === undefined ? undefined : anonymous + (shared ?? 0),
  };
}
