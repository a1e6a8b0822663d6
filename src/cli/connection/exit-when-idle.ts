import { readFileSync } from 'node:fs';
import type { Clock } from '../../shared/clock.ts';
import type { DaemonConnection } from './daemon-connection.ts';

const endTimeoutMs = 15_000;
const retryMs = 25;

/**
 * Asks the daemon to end when no stack runs, and waits until it and the proxy are gone. Never throws: a daemon that
 * is gone already, or stays for other stacks, is as good.
 */
export async function exitWhenIdle({ client, version }: DaemonConnection, clock: Clock): Promise<void> {
  const pids = await askToExit(client, version);
  const deadline = clock.now() + endTimeoutMs;
  while (pids.some(isRunning) && clock.now() < deadline) await clock.sleep(retryMs);
}

/** Pids that will end. */
async function askToExit(
  client: DaemonConnection['client'],
  atStart: DaemonConnection['version'],
): Promise<readonly number[]> {
  try {
    // The proxy may have been started, or started anew, since the command began.
    const version = await client.version(AbortSignal.timeout(endTimeoutMs)).catch(() => atStart);
    const { isExiting } = await client.exit(AbortSignal.timeout(endTimeoutMs));
    if (!isExiting) return [];
    return version.proxyPid === undefined ? [version.pid] : [version.pid, version.proxyPid];
  } catch {
    return [];
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !isZombie(pid);
}

/** In a container whose first process reaps nobody, one that ended stays in the table; only Linux tells. */
function isZombie(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return status.slice(status.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}
