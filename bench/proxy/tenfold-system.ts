import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { createProxyDriver } from '../../src/balancer/proxy/proxy-driver.ts';
import type { BalancingPolicy } from '../../src/model/balancing.ts';
import { eventually } from '../../test/helpers/eventually.ts';
import { freePort } from '../../test/helpers/free-port.ts';
import { builtProxy } from './built-proxy.ts';
import { PinnedProgram, systemCore } from './pinned-program.ts';
import type { RunningSystem } from './systems.ts';
import { benchTable } from './upstreams.ts';

/** What a service gets whose compose file says nothing about balancing, but no active checks, as the others have none. */
const policy: BalancingPolicy = {
  algorithm: 'least_conn',
  maxFails: 3,
  failTimeoutMs: 30_000,
  slowStartMs: 0,
  drainTimeoutMs: 10_000,
  connectTimeoutMs: 5_000,
  responseTimeoutMs: 60_000,
  retries: 1,
  responseHeaders: true,
  activeHealth: { path: undefined, intervalMs: 3_600_000, timeoutMs: 1_000, rise: 1, fall: 3 },
};

/** The embedded balancer, main process and one worker, or as many as asked for. */
export async function startTenfold(
  upstreams: readonly number[],
  folder: string,
  workers = 1,
): Promise<RunningSystem> {
  const proxyMain = await builtProxy(folder);
  const port = await freePort();
  const socketPath = join(folder, `tenfold-${port}.sock`);
  const program = new PinnedProgram(systemCore, [process.execPath, proxyMain, '--socket', socketPath], {
    TENFOLD_PROXY_WORKERS: String(workers),
  });
  const driver = createProxyDriver({ socketPath, workers });
  const signal = AbortSignal.timeout(30_000);
  // Asked before its socket is there, the driver would start a proxy of its own.
  await eventually(() => access(socketPath));
  await driver.apply(benchTable(port, upstreams, policy), signal);
  await program.accepts(port);
  return {
    port,
    pid: program.pid,
    async [Symbol.asyncDispose]() {
      await driver.shutdown(0, AbortSignal.timeout(10_000)).catch(() => {});
      await driver[Symbol.asyncDispose]();
      await program[Symbol.asyncDispose]();
    },
  };
}
