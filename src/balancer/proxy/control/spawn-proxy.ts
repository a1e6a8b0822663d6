import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TenfoldError } from '../../../shared/errors.ts';
import type { ProxyLimits } from '../proxy-limits.ts';
import { openSession, type ProxySession } from './proxy-session.ts';

const startTimeoutMs = 15_000;
const pollEveryMs = 15;

// The same folder holds main.ts when run from source and main.js when built.
const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const mainFile = fileURLToPath(new URL(`../main${extension}`, import.meta.url));

export interface SpawnOptions {
  readonly socketPath: string;
  /** Where the proxy's own output goes; undefined: nowhere. */
  readonly logPath?: string;
  /** Worker processes; undefined: one per core, at most 8. */
  readonly workers?: number;
  readonly limits?: Partial<ProxyLimits>;
}

/** Starts a proxy that outlives this process, and connects to it. Throws `balancer-unreachable` when it does not start, and leaves none. */
export async function spawnProxy(options: SpawnOptions, signal: AbortSignal): Promise<ProxySession> {
  const { socketPath, logPath } = options;
  const log = logPath === undefined ? undefined : openSync(logPath, 'a', 0o600);
  const output = log ?? 'ignore';
  const limits = options.limits === undefined ? [] : ['--limits', JSON.stringify(options.limits)];
  const child = spawn(process.execPath, [mainFile, '--socket', socketPath, ...limits], {
    cwd: '/',
    detached: true,
    env: proxyEnvironment(options),
    stdio: ['ignore', output, output],
  });
  if (log !== undefined) closeSync(log);
  let ended: string | undefined;
  child.on('error', (error) => (ended = error.message));
  child.on('exit', (code, signalName) => (ended = `it ended with ${signalName ?? `exit code ${code}`}`));
  child.unref();
  const deadline = Date.now() + startTimeoutMs;
  try {
    for (;;) {
      const session = await openSession(socketPath);
      if (signal.aborted) session?.close();
      signal.throwIfAborted();
      if (session !== undefined) return session;
      if (ended !== undefined || Date.now() > deadline) {
        throw new TenfoldError('balancer-unreachable', 'the proxy could not be started', {
          got: ended ?? `no answer at ${socketPath} within ${startTimeoutMs / 1000} s`,
          hint: logPath === undefined ? 'Start it by hand to see why.' : `See ${logPath}.`,
        });
      }
      await sleep(pollEveryMs, undefined, { signal });
    }
  } catch (thrown) {
    // Nobody would ever speak to it.
    child.kill('SIGKILL');
    signal.throwIfAborted();
    throw thrown;
  }
}

/** What is meant for this process only must not change how the proxy runs. */
function proxyEnvironment({ socketPath, workers }: SpawnOptions): NodeJS.ProcessEnv {
  const environment = { ...process.env };
  delete environment['NODE_OPTIONS'];
  delete environment['NODE_CHANNEL_FD'];
  delete environment['NODE_TEST_CONTEXT'];
  // Where access logs are kept that name no other place.
  environment['TENFOLD_HOME'] ??= dirname(socketPath);
  // A proxy or worker that replaces a dead one is up in a fraction of the time.
  environment['NODE_COMPILE_CACHE'] ??= join(dirname(socketPath), 'proxy-code-cache');
  if (workers !== undefined) environment['TENFOLD_PROXY_WORKERS'] = String(workers);
  return environment;
}
