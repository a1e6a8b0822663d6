import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Calls `check` until it no longer throws, and returns what it returned; after `timeoutMs` it throws what the last
 * call threw. For what becomes true in its own time; never wait a fixed while instead.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  timeoutMs = 60_000,
  everyMs = 25,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (thrown) {
      if (Date.now() >= deadline) throw thrown;
    }
    await sleep(everyMs);
  }
}
