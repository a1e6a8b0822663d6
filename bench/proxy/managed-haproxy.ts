import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHaproxyDriver } from '../../src/balancer/haproxy/haproxy-driver.ts';
import type { BalancingPolicy } from '../../src/model/balancing.ts';
import { freePort } from '../../test/helpers/free-port.ts';
import { isPinned, pinned, systemCore } from './pinned-program.ts';
import type { RunningSystem } from './systems.ts';
import { benchTable } from './upstreams.ts';

/** What a service gets whose compose file says `balancer: haproxy` and nothing else. */
const policy: BalancingPolicy = {
  algorithm: 'least_conn',
  maxFails: 3,
  failTimeoutMs: 10_000,
  slowStartMs: 0,
  drainTimeoutMs: 10_000,
  connectTimeoutMs: 2_000,
  responseTimeoutMs: 60_000,
  retries: 1,
  responseHeaders: true,
  activeHealth: { path: undefined, intervalMs: 2_000, timeoutMs: 2_000, rise: 2, fall: 3 },
};

/** HAProxy as Tenfold runs it. Its log is read by the bench's own process, as it is by the daemon's. */
export async function startManagedHaproxy(
  haproxy: string,
  upstreams: readonly number[],
  folder: string,
): Promise<RunningSystem> {
  const port = await freePort();
  const binary = join(folder, `haproxy-on-core-${port}`);
  // HAProxy makes a thread for each core that it may use.
  const command = isPinned ? pinned(systemCore, [haproxy]).join(' ') : haproxy;
  await writeFile(binary, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o700 });
  const driver = createHaproxyDriver({ folder: join(folder, `managed-haproxy-${port}`), binary });
  await driver.apply(benchTable(port, upstreams, policy), AbortSignal.timeout(30_000));
  const [pid] = driver.pids;
  if (pid === undefined) throw new Error('the managed HAProxy is not there');
  return {
    port,
    pid,
    async [Symbol.asyncDispose]() {
      await driver.shutdown(0, AbortSignal.timeout(10_000));
      await driver[Symbol.asyncDispose]();
    },
  };
}
