import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, TenfoldError } from '../../../shared/errors.ts';
import { askRuntime } from './runtime-api.ts';

const startTimeoutMs = 10_000;
const pollEveryMs = 10;
const endTimeoutMs = 5_000;

/** A running HAProxy, as it is remembered on disk. */
export interface InstanceRecord {
  readonly pid: number;
  readonly socketPath: string;
  /** Which configuration it runs. */
  readonly shape: string;
  /** The listeners that it opened, or took over, and the pools that its configuration sends them to. */
  readonly listeners: readonly { readonly id: string; readonly pool: string }[];
}

export interface StartOptions {
  readonly binary: string;
  readonly configPath: string;
  readonly socketPath: string;
  /** The HAProxy whose listening sockets it takes over. */
  readonly previousSocketPath: string | undefined;
  readonly logPath: string;
}

/** Throws `balancer-refused` with what `haproxy -c` says against the file, which was written for the named service. */
export async function checkConfiguration(binary: string, configPath: string, service: string): Promise<void> {
  const failure = await whyInvalid(binary, configPath);
  if (failure === undefined) return;
  const lines = (await readFile(configPath, 'utf8')).split('\n');
  const [said = '', ...more] = failure;
  const line = /\[[^\]]*:(\d+)\]/.exec(said)?.[1];
  const shown = line === undefined ? undefined : lines[Number(line) - 1];
  throw new TenfoldError('balancer-refused', `HAProxy refuses the configuration written for ${service}`, {
    expected: `that ${binary} -c -f ${configPath} finds it valid`,
    got: said,
    hint: 'what it carried before goes on; change in the compose file what the line comes from, or let the embedded proxy carry the service (balancer: proxy)',
    details: [...(shown === undefined ? [] : [`line ${line}: ${shown.trim()}`]), ...more],
  });
}

/** What `haproxy -c` says against the file, in its own words; undefined: nothing. */
function whyInvalid(binary: string, configPath: string): Promise<readonly string[] | undefined> {
  return new Promise((resolve) => {
    execFile(binary, ['-c', '-f', configPath], { timeout: startTimeoutMs }, (error, stdout, stderr) => {
      if (error === null) return resolve(undefined);
      const alerts = `${stdout}${stderr}`
        .split('\n')
        .filter((line) => line.includes('[ALERT]') && !/rrors? found in config|rror\(s\) found/.test(line))
        .map((line) => line.replace(/^\[ALERT\]\s*\(\d+\)\s*:\s*(config\s*:\s*)?/, ''));
      resolve(alerts.length === 0 ? [error.message] : alerts);
    });
  });
}

/** Starts HAProxy in a session of its own, so that it outlives this process. Resolves when it serves. */
export async function startInstance(options: StartOptions, signal: AbortSignal): Promise<number> {
  const { binary, configPath, socketPath, previousSocketPath, logPath } = options;
  const log = openSync(logPath, 'a', 0o600);
  let ended: string | undefined;
  const takeOver = previousSocketPath === undefined ? [] : ['-x', previousSocketPath];
  const child = spawn(binary, ['-db', '-f', configPath, ...takeOver], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.on('error', (error) => (ended = error.message));
  child.on('exit', (code, signalName) => (ended = `it ended with ${signalName ?? `exit code ${code}`}`));
  child.unref();
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    // Another HAProxy may still answer on a socket of that name.
    if (child.pid !== undefined && (await pidAt(socketPath)) === child.pid) return child.pid;
    if (ended !== undefined || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new TenfoldError('balancer-unreachable', 'HAProxy could not be started', {
        got: ended ?? `no answer at ${socketPath} within ${startTimeoutMs / 1000} s`,
        hint: `See ${logPath}.`,
      });
    }
    await sleep(pollEveryMs, undefined, { signal });
  }
}

/** Process id of the HAProxy that answers on the socket. */
export async function pidAt(socketPath: string): Promise<number | undefined> {
  try {
    const pid = /^Pid: (\d+)$/m.exec(await askRuntime(socketPath, 'show info'))?.[1];
    return pid === undefined ? undefined : Number(pid);
  } catch {
    return undefined;
  }
}

/** Ends it now, with the idle connections that it still has. Resolves when it is gone. */
export async function endInstance(pid: number): Promise<void> {
  signalTo(pid, 'SIGTERM');
  const deadline = Date.now() + endTimeoutMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) signalTo(pid, 'SIGKILL');
    await sleep(pollEveryMs);
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function signalTo(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (thrown) {
    if (!messageOf(thrown).includes('ESRCH')) throw thrown;
  }
}
