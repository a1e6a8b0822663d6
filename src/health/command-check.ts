import type { Replica } from '../model/replica.ts';
import type { HealthCheck } from '../model/service.ts';
import type { ReplicaConsole } from '../runtime/runtime-driver.ts';
import type { Clock } from '../shared/clock.ts';
import { messageOf } from '../shared/errors.ts';

const maxOutputCharacters = 4096;

/** Runs a Compose health check once. Rejects only when the signal aborts; all else that goes wrong is a failure. */
export async function checkByCommand(
  replica: Replica,
  check: HealthCheck,
  console: ReplicaConsole,
  clock: Clock,
  signal: AbortSignal,
): Promise<{ readonly isPassed: boolean; readonly output: string }> {
  const timeout = new AbortController();
  const answered = new AbortController();
  clock.sleep(check.timeoutMs, answered.signal).then(
    () => timeout.abort(),
    () => undefined,
  );
  const hook = {
    command: commandOf(check.test),
    user: undefined,
    privileged: false,
    workingDir: undefined,
    environment: {},
  };
  try {
    const result = await console.exec(replica, { hook }, AbortSignal.any([signal, timeout.signal]));
    const output = result.output.trim().slice(-maxOutputCharacters);
    const isPassed = result.exitCode === 0;
    return { isPassed, output: output === '' && !isPassed ? `exit code ${result.exitCode}` : output };
  } catch (thrown) {
    signal.throwIfAborted();
    const late = `no answer within the timeout of ${check.timeoutMs} ms`;
    return { isPassed: false, output: timeout.signal.aborted ? late : messageOf(thrown) };
  } finally {
    answered.abort();
  }
}

/** Compose: `CMD` is run as it is, `CMD-SHELL` by a shell. */
function commandOf([kind, ...words]: readonly string[]): readonly string[] {
  return kind === 'CMD-SHELL' ? ['/bin/sh', '-c', ...words] : words;
}
