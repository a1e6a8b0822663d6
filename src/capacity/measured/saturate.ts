import type { Bench, Observation } from './bench.ts';

const firstUsers = 2;
const mostUsers = 256;
/** Twice the users that bring less than this have found the end of what the service does. */
const notableGain = 0.08;
/** Beyond this a queue is all that grows. */
const longEnoughMs = 20_000;

/** Doubles the users until twice as many get no more answers; the number that is enough. */
export async function findSaturatingUsers(bench: Bench, probeMs: number, stop: AbortSignal): Promise<number> {
  let before: Observation | undefined;
  for (let users = firstUsers; ; users *= 2) {
    const seen = await bench.loadUsers(users, probeMs);
    const hasGained = before === undefined || seen.throughput > before.throughput * (1 + notableGain);
    if (!hasGained || users * 2 > mostUsers || seen.p95Ms > longEnoughMs || stop.aborted) return users;
    before = seen;
  }
}
