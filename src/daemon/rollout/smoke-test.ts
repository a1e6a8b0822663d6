import type { SmokeSubject, SmokeTester } from '../../controller/execute/smoke-tester.ts';
import type { SmokeTest } from '../../model/rollout.ts';
import { messageOf, TenfoldError } from '../../shared/errors.ts';
import { replicaUrls } from './replica-urls.ts';
import { runCommand } from './run-command.ts';

/** Runs a service's smoke test on the machine of the daemon. */
export const runSmokeTest: SmokeTester = async (subject, signal) => {
  const { smoke } = subject.service.rollout;
  if (smoke === undefined) return;
  const urls = replicaUrls(subject);
  if (urls.length === 0)
    throw failed(subject, 'no replica of the new set has an address that can be asked', []);
  if (smoke.kind === 'command') return runTest(subject, urls, smoke, signal);
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(smoke.timeoutMs)]);
  await askEach(subject, urls, smoke.path, deadline);
};

async function askEach(
  subject: SmokeSubject,
  urls: readonly string[],
  path: string,
  signal: AbortSignal,
): Promise<void> {
  for (const url of urls) {
    let answer: string;
    try {
      const response = await fetch(`${url}${path}`, { redirect: 'manual', signal });
      await response.arrayBuffer();
      if (response.status >= 200 && response.status < 400) continue;
      answer = `answered ${response.status}`;
    } catch (thrown) {
      answer = signal.aborted ? 'did not answer in time' : `could not be asked: ${causeOf(thrown)}`;
    }
    throw failed(subject, `GET ${url}${path} ${answer}`, []);
  }
}

function causeOf(thrown: unknown): string {
  return messageOf(thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown);
}

async function runTest(
  subject: SmokeSubject,
  urls: readonly string[],
  { command, timeoutMs }: SmokeTest & { readonly kind: 'command' },
  signal: AbortSignal,
): Promise<void> {
  const { stack, service } = subject;
  const environment = {
    ...stack.hostEnvironment,
    TENFOLD_SMOKE_URL: urls[0],
    TENFOLD_SMOKE_URLS: urls.join(' '),
    TENFOLD_SERVICE: service.name,
    TENFOLD_REVISION: service.revision,
  };
  const result = await runCommand(command, { folder: stack.workingDir, environment, timeoutMs }, signal);
  if (result.kind === 'failed') throw failed(subject, result.how, result.lines);
}

function failed({ stack, service }: SmokeSubject, what: string, details: readonly string[]): TenfoldError {
  return new TenfoldError('replica-failed', `its smoke test failed: ${what}`, {
    where: {
      file: stack.configFiles[0] ?? stack.workingDir,
      path: `services.${service.name}.x-tenfold.rollout.smoke`,
    },
    details,
  });
}
