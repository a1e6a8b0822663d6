import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { TenfoldError, messageOf } from '../../../shared/errors.ts';
import type { Launch } from './launch.ts';

export interface SpawnRequest extends Pick<Launch, 'argv' | 'file' | 'workingDir' | 'environment'> {
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  readonly stdio: StdioOptions;
  /** `web-1`, for the error. */
  readonly instance: string;
}

export type SpawnedProcess = ChildProcess & { readonly pid: number };

/**
 * Starts a program in a session and a process group of its own, so that it outlives us and can be ended as a whole.
 * Throws `runtime-failed` when the system does not start it.
 */
export async function spawnProcess(request: SpawnRequest): Promise<SpawnedProcess> {
  const [name, ...words] = request.argv;
  const { user } = request;
  try {
    const child = spawn(request.file, words, {
      argv0: name,
      cwd: request.workingDir,
      env: { ...request.environment },
      stdio: request.stdio,
      detached: true,
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    });
    // No await on this path: the caller has to see the child before it can end.
    if (hasPid(child)) return child;
    const [error] = await once(child, 'error');
    throw error;
  } catch (thrown) {
    throw new TenfoldError('runtime-failed', `${request.instance} could not be started`, {
      got: messageOf(thrown),
      expected: `${request.argv.join(' ')} running in ${request.workingDir}`,
      hint: 'run that command by hand, as the same user, to see what the system says',
      cause: thrown,
    });
  }
}

function hasPid(child: ChildProcess): child is SpawnedProcess {
  return child.pid !== undefined;
}
