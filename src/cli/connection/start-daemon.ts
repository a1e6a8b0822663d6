import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Home } from '../../daemon/home.ts';
import { TenfoldError, messageOf } from '../../shared/errors.ts';
import { makeFolder } from '../../shared/make-folder.ts';
import { errorFromJson, isRecord } from './error-from-json.ts';

const lastLogLines = 15;

/** A daemon that was started and has not yet answered. */
export interface StartedDaemon {
  /** Undefined while it runs; then how it ended. */
  readonly ending: () => string | undefined;
  /** The error with which it ended, or one that shows the last lines it logged. */
  readonly failure: (message: string) => Error;
}

/** The daemon's entry beside this file, as source or built. */
export const daemonEntry = fileURLToPath(
  new URL(`../../daemon/main${extname(import.meta.url)}`, import.meta.url),
);

/**
 * Starts the daemon so that it outlives this process, with its output in its log file.
 * Throws `home-unusable` when there is no place for the log.
 */
export function startDaemon(
  home: Home,
  environment: Readonly<Record<string, string | undefined>>,
  entry: string,
): StartedDaemon {
  const log = openLog(home);
  let ending: string | undefined;
  const { size: logStart } = fstatSync(log);
  const child = spawn(process.execPath, [entry], {
    // The daemon must not hold on to a folder that the user may want to remove.
    cwd: home.directory,
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...environment, TENFOLD_HOME: home.directory },
  });
  child.once('error', (error) => (ending = messageOf(error)));
  child.once(
    'exit',
    (code, signal) => (ending = signal === null ? `exit code ${code}` : `ended by ${signal}`),
  );
  child.unref();
  closeSync(log);
  return {
    ending: () => ending,
    failure: (message) => failureFrom(home, logStart, message),
  };
}

function openLog(home: Home): number {
  try {
    makeFolder(home.directory);
    makeFolder(dirname(home.daemonLogPath));
    return openSync(home.daemonLogPath, 'a', 0o600);
  } catch (cause) {
    throw new TenfoldError('home-unusable', `the state folder ${home.directory} cannot be used`, {
      expected: 'a folder that you may write to',
      got: messageOf(cause),
      hint: 'give TENFOLD_HOME a folder of your own, or correct the permissions of this one',
      cause,
    });
  }
}

function failureFrom(home: Home, logStart: number, message: string): Error {
  const lines = linesSince(home.daemonLogPath, logStart);
  const told = lines.map(errorInLine).findLast((each) => each !== undefined);
  if (told !== undefined) return told;
  return new TenfoldError('daemon-unreachable', message, {
    details: lines.slice(-lastLogLines),
    hint: `its whole log is ${home.daemonLogPath}`,
  });
}

function linesSince(path: string, start: number): string[] {
  try {
    const text = readFileSync(path).subarray(start).toString('utf8');
    return text.split('\n').filter((line) => line.trim() !== '');
  } catch {
    return [];
  }
}

/** The daemon says why it cannot start in one line of JSON: `{"error": …}`. */
function errorInLine(line: string): Error | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) && isRecord(value['error']) ? errorFromJson(value['error']) : undefined;
  } catch {
    return undefined;
  }
}
