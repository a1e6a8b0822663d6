import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { TenfoldError } from '../../../shared/errors.ts';

const run = promisify(execFile);

/** Servers that come and go at run time with their own checks exist since this release. */
const oldestVersion: readonly [number, number] = [2, 6];
/** Where packages put it, and a user's PATH often does not look. */
const systemFolders = ['/usr/local/sbin', '/usr/sbin', '/usr/local/bin', '/usr/bin', '/opt/homebrew/bin'];
const installHint =
  'Install HAProxy 2.6 or newer (Debian and Ubuntu: apt install haproxy; Alpine: apk add haproxy; Fedora: dnf install haproxy; macOS: brew install haproxy), or take `balancer: haproxy` out of the file.';

/**
 * Path of the HAProxy to run: the named one, else the system's. Throws `command-not-found` when there is none that is new
 * enough.
 */
export async function findHaproxy(
  named: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const folders = [...(environment['PATH'] ?? '').split(delimiter), ...systemFolders];
  const candidates = folders.filter((folder) => folder !== '').map((folder) => join(folder, 'haproxy'));
  const path = (named === undefined ? candidates : [named]).find(isExecutable);
  if (path === undefined) {
    throw new TenfoldError('command-not-found', 'HAProxy is asked for, and there is none on this machine', {
      expected: named === undefined ? 'a program haproxy on PATH or in /usr/sbin' : `a program at ${named}`,
      hint: installHint,
    });
  }
  const version = await versionOf(path);
  if (!isNewEnough(version)) {
    throw new TenfoldError('command-not-found', `the HAProxy at ${path} is too old`, {
      expected: `version ${oldestVersion.join('.')} or newer`,
      got: version,
      hint: installHint,
    });
  }
  return path;
}

/** `2.6.12` of the first line that `haproxy -v` prints. */
async function versionOf(path: string): Promise<string> {
  try {
    const { stdout } = await run(path, ['-v'], { timeout: 10_000 });
    return /version (\d+\.\d+[^\s]*)/i.exec(stdout)?.[1] ?? stdout.split('\n')[0] ?? '';
  } catch (thrown) {
    throw new TenfoldError('command-not-found', `the HAProxy at ${path} does not run`, {
      got: thrown instanceof Error ? thrown.message : String(thrown),
      hint: installHint,
    });
  }
}

export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [oldestMajor, oldestMinor] = oldestVersion;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
