import { spawn } from 'node:child_process';
import type { SmokeSubject, SmokeTester } from '../../controller/execute/smoke-tester.ts';
import type { SmokeTest } from '../../model/rollout.ts';
import { messageOf, TenfoldError } from '../../shared/errors.ts';

const keptOutputBytes = 8 * 1024;
const shownLines = 10;

/** Runs a service's smoke test on the machine of the daemon. */
export const runSmokeTest: SmokeTester = async (subject, signal) => {
  const { smoke } = subject.service.rollout;
  if (smoke === undefined) return;
  const urls = urlsOf(subject);
  if (urls.length === 0)
    throw failed(subject, 'no replica of the new set has an address that can be asked', []);
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(smoke.timeoutMs)]);
  if (smoke.kind === 'path') await askEach(subject, urls, smoke.path, deadline);
  else await runCommand(subject, urls, smoke, deadline);
};

/** Where the new set answers on the service's first balanced port. */
function urlsOf({ service, replicas }: SmokeSubject): readonly string[] {
  const target = service.listeners[0]?.target;
  return [...replicas]
    .sort((a, b) => a.index - b.index)
    .flatMap(({ endpoints }) => {
      const endpoint = endpoints.find((each) => each.target === target);
      return endpoint === undefined ? [] : [`http://${endpoint.host}:${endpoint.port}`];
    });
}

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

function runCommand(
  subject: SmokeSubject,
  urls: readonly string[],
  { command, timeoutMs }: SmokeTest & { readonly kind: 'command' },
  signal: AbortSignal,
): Promise<void> {
  const { stack, service } = subject;
  const [file = '', ...words] = command;
  const child = spawn(file, words, {
    cwd: stack.workingDir,
    env: {
      ...stack.hostEnvironment,
      TENFOLD_SMOKE_URL: urls[0],
      TENFOLD_SMOKE_URLS: urls.join(' '),
      TENFOLD_SERVICE: service.name,
      TENFOLD_REVISION: service.revision,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A shell's children go with it.
    detached: true,
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-keptOutputBytes);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const end = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  };
  signal.addEventListener('abort', end, { once: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const lines = (): readonly string[] => output.split('\n').filter(Boolean).slice(-shownLines);
  child.on('error', (error) => reject(failed(subject, `${file} cannot be run: ${error.message}`, [])));
  child.on('close', (code, name) => {
    signal.removeEventListener('abort', end);
    if (code === 0) return resolve();
    const how = signal.aborted
      ? `was ended after ${timeoutMs} ms`
      : `ended with ${name ?? `exit code ${code}`}`;
    reject(failed(subject, `the command ${how}`, lines()));
  });
  return promise;
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
