import type { VersionReply } from '../../daemon/control-api.ts';
import type { Home } from '../../daemon/home.ts';
import type { Clock } from '../../shared/clock.ts';
import { TenfoldError, isTenfoldError, messageOf } from '../../shared/errors.ts';
import { createDaemonClient, type DaemonClient } from './daemon-client.ts';
import { daemonEntry, startDaemon } from './start-daemon.ts';

export interface DaemonConnection {
  readonly client: DaemonClient;
  readonly version: VersionReply;
  /** True: nobody listened, and this command started the daemon. */
  readonly hasStartedDaemon: boolean;
}

export interface ConnectOptions {
  readonly home: Home;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Longest wait for a daemon that was just started, milliseconds. */
  readonly startTimeoutMs?: number;
  /** Program of the daemon; its own entry unless a test has another. */
  readonly entry?: string;
}

const defaultStartTimeoutMs = 20_000;
const answerTimeoutMs = 10_000;
const retryMs = 25;
/** A daemon that ended may have lost the race against another one that is about to listen. */
const raceMs = 1_500;

/**
 * Connects to the daemon of the home, and starts it when nobody listens.
 * Throws `daemon-unreachable`, or the error with which the daemon refused to start.
 */
export async function connectDaemon(options: ConnectOptions): Promise<DaemonConnection> {
  const client = createDaemonClient(options.home.socketPath);
  const version = await askVersion(client, options.home);
  if (version !== undefined) return { client, version, hasStartedDaemon: false };
  return { client, version: await startAndWait(client, options), hasStartedDaemon: true };
}

/** The connection when a daemon listens; undefined when none does. */
export async function connectRunningDaemon(home: Home): Promise<DaemonConnection | undefined> {
  const client = createDaemonClient(home.socketPath);
  const version = await askVersion(client, home);
  return version === undefined ? undefined : { client, version, hasStartedDaemon: false };
}

async function startAndWait(client: DaemonClient, options: ConnectOptions): Promise<VersionReply> {
  const { home, environment, clock, startTimeoutMs = defaultStartTimeoutMs, entry = daemonEntry } = options;
  const daemon = startDaemon(home, environment, entry);
  const deadline = clock.now() + startTimeoutMs;
  let endedAt: number | undefined;
  for (;;) {
    const version = await askVersion(client, home);
    if (version !== undefined) return version;
    const now = clock.now();
    const ending = daemon.ending();
    if (ending !== undefined) endedAt ??= now;
    if (endedAt !== undefined && now - endedAt >= raceMs) {
      throw daemon.failure(`the daemon ended before it answered (${ending})`);
    }
    if (now >= deadline) {
      throw daemon.failure(`the daemon was started and does not answer after ${startTimeoutMs / 1000} s`);
    }
    await clock.sleep(retryMs);
  }
}

/** Undefined: nobody listens. */
async function askVersion(client: DaemonClient, home: Home): Promise<VersionReply | undefined> {
  const timeout = AbortSignal.timeout(answerTimeoutMs);
  try {
    return await client.version(timeout);
  } catch (thrown) {
    if (timeout.aborted) {
      throw new TenfoldError(
        'daemon-unreachable',
        `the daemon listens and does not answer within ${answerTimeoutMs / 1000} s`,
        { hint: `its log is ${home.daemonLogPath}; replicas and traffic go on without it`, cause: thrown },
      );
    }
    if (isTenfoldError(thrown, 'daemon-unreachable') && isNobodyThere(thrown.cause)) return undefined;
    if (isTenfoldError(thrown) && systemCode(thrown.cause) === 'EACCES') throw forbidden(home, thrown.cause);
    throw thrown;
  }
}

/** No socket, a socket that a dead daemon left, or one whose daemon is just ending. */
function isNobodyThere(cause: unknown): boolean {
  return ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTDIR'].includes(systemCode(cause) ?? '');
}

function systemCode(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

function forbidden(home: Home, cause: unknown): TenfoldError {
  return new TenfoldError('home-unusable', `the daemon's socket ${home.socketPath} may not be used`, {
    expected: 'a state folder of your own',
    got: messageOf(cause),
    hint: 'give TENFOLD_HOME a folder of your own, or run as the user who started the daemon',
    cause,
  });
}
