import type { Command } from 'commander';
import type { Requester } from '../daemon/control-api.ts';
import { resolveHome } from '../daemon/home.ts';
import type { TenfoldError } from '../shared/errors.ts';
import { connectDaemon, type DaemonConnection } from './connection/daemon-connection.ts';
import { exitWhenIdle } from './connection/exit-when-idle.ts';
import { readGlobalOptions, type GlobalOptions } from './global-options.ts';
import type { Surroundings } from './surroundings.ts';
import { Output } from './terminal/output.ts';
import { ownVersion } from '../shared/own-version.ts';
import { userName } from '../shared/user-name.ts';

/** One run of one verb: what was asked, by whom, and where to print. */
export interface Invocation {
  readonly globals: GlobalOptions;
  readonly surroundings: Surroundings;
  readonly output: Output;
  readonly requester: Requester;
}

export function createInvocation(
  command: Command,
  words: readonly string[],
  surroundings: Surroundings,
): Invocation {
  const globals = readGlobalOptions(command);
  return {
    globals,
    surroundings,
    output: new Output(surroundings, globals),
    requester: { user: userName(), commandLine: ['tenfold', ...words].map(quoteWord).join(' ') },
  };
}

/**
 * Runs `work` with a connection to the daemon, which is started when none runs. Afterwards it is asked to end if it
 * has nothing to do and was started here, or `mayEndDaemon` says that the work may have been its last.
 */
export async function withDaemon<Result>(
  invocation: Invocation,
  work: (connection: DaemonConnection) => Promise<Result>,
  { mayEndDaemon = false } = {},
): Promise<Result> {
  const { environment, clock } = invocation.surroundings;
  const connection = await connectDaemon({ home: homeOf(invocation), environment, clock });
  warnOfOtherVersion(invocation, connection);
  try {
    return await work(connection);
  } finally {
    if (mayEndDaemon || connection.hasStartedDaemon) await exitWhenIdle(connection, clock);
  }
}

export function homeOf({ surroundings }: Invocation): ReturnType<typeof resolveHome> {
  return resolveHome(surroundings.environment);
}

function warnOfOtherVersion({ output }: Invocation, { version }: DaemonConnection): void {
  if (version.version === ownVersion()) return;
  output.warn(
    `the daemon is tenfold ${version.version} and this is tenfold ${ownVersion()}; ` +
      `\`kill ${version.pid}\` ends the daemon, replicas and traffic go on, and the next command starts this version`,
  );
}

/**
 * A signal that aborts, with an `interrupted` error, when the command is interrupted.
 * Dispose of it when the command no longer needs to end in order.
 */
export function takeInterruptions(
  { surroundings }: Invocation,
  describe: () => TenfoldError,
): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const release = surroundings.onInterruption(() => controller.abort(describe()));
  return { signal: controller.signal, [Symbol.dispose]: release };
}

function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
