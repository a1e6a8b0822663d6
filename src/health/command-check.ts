import type { Replica } from '../model/replica.ts';
import type { HealthCheck } from '../model/service.ts';
import type { ReplicaConsole } from '../runtime/runtime-driver.ts';
import { messageOf } from '../shared/errors.ts';

const maxOutputCharacters = 4096;

/** Runs a Compose health check once. Rejects only when the signal aborts; all else that goes wrong is a failure. */
export async function checkByCommand(
  replica: Replica,
  check: HealthCheck,
  console: ReplicaConsole,
  signal: AbortSignal,
): Promise<{ readonly isPassed: boolean; readonly output: string }> {
  const timeout = AbortSignal.timeout(check.timeoutMs);
  const hook = {
    command: commandOf(check.test),
    user: undefined,
    privileged: false,
    workingDir: undefined,
    environment: {},
  };
  try {
    const result = await console.exec(replica, { hook }, AbortSignal.any([signal, timeout]));
    const output = result.output.trim().slice(-maxOutputCharacters);
    const isPassed = result.exitCode === 0;
    return { isPassed, output: output === '' && !isPassed ? `exit code ${result.exitCode}` : output };
  } catch (thrown) {
    signal.throwIfAborted();
    const hasTimedOut = timeout.aborted;
    return {
      isPassed: false,
      output: hasTimedOut ? `no answer within the timeout of ${check.timeoutMs} ms` : messageOf(thrown),
    };
  }
}

/** Compose: `CMD` is run as it is, `CMD-SHELL` by a shell. */
function commandOf([kind, ...words]: readonly string[]): readonly string[] {
  return kind === 'CMD-SHELL' ? ['/bin/sh', '-c', ...words] : words;
}
