import assert from 'node:assert/strict';
import { access, readFile, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { eventually } from '../helpers/eventually.ts';
import { desiredOf, webService } from '../helpers/simulated/memory-stack.ts';
import { observedReplica } from '../helpers/simulated/observed-replica.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { runHook } from '../../src/daemon/rollout/run-hook.ts';
import type { RolloutHook } from '../../src/model/rollout.ts';
import { isTenfoldError } from '../../src/shared/errors.ts';

const never = new AbortController().signal;

async function run(
  line: string,
  options: {
    readonly hook?: RolloutHook;
    readonly timeoutMs?: number;
    readonly port?: number;
    readonly signal?: AbortSignal;
  } = {},
): Promise<void> {
  const { hook = 'beforeSwitch', timeoutMs = 5_000, port, signal = never } = options;
  const web = webService();
  const command = ['/bin/sh', '-c', line];
  const hooks = { beforeSwitch: undefined, afterSwitch: undefined, timeoutMs, [hook]: command };
  const service = { ...web, rollout: { ...web.rollout, hooks } };
  const stack = {
    ...desiredOf([service]).stack,
    workingDir: await realpath(tmpdir()),
    hostEnvironment: { PATH: process.env['PATH'] ?? '', TOKEN: 'from the host' },
  };
  const endpoints = port === undefined ? [] : [{ target: 80, host: '127.0.0.1', port }];
  const { replica } = observedReplica(1, {}, { endpoints });
  const rollout = { from: 'b'.repeat(64), strategy: 'canary' } as const;
  return runHook({ stack, service, replicas: [replica], hook, rollout }, signal);
}

/** Fails unless the text, as the shell sees it, is what it shall be. */
const same = (text: string, wanted: string): string =>
  `test "${text}" = "${wanted}" || { echo "${text}"; exit 1; }`;

describe('a hook of a rollout', () => {
  test('runs in the project folder, and is told what is going on', async () => {
    const folder = await realpath(tmpdir());
    const web = webService();
    await run(
      [
        same('$PWD', folder),
        same('$TOKEN', 'from the host'),
        same('$TENFOLD_STACK', desiredOf([web]).stack.name),
        same('$TENFOLD_SERVICE', 'web'),
        same('$TENFOLD_REVISION', web.revision),
        same('$TENFOLD_PREVIOUS_REVISION', 'b'.repeat(64)),
        same('$TENFOLD_STRATEGY', 'canary'),
        same('$TENFOLD_URL', 'http://127.0.0.1:4711'),
      ].join('\n'),
      { port: 4711 },
    );
    await run(same('${TENFOLD_URL-none}', 'none'));
  });

  test('that fails is named, with its place in the file and what it said', () =>
    assert.rejects(
      run('echo the queue is full >&2; exit 4', { hook: 'afterSwitch' }),
      (thrown) =>
        isTenfoldError(thrown, 'replica-failed') &&
        /after_switch failed: the command ended with exit code 4/.test(thrown.message) &&
        thrown.details.includes('the queue is full'),
    ));

  test('that takes too long is ended, with its children', () =>
    assert.rejects(run('sleep 30 & wait', { timeoutMs: 200 }), /was ended after 200 ms/));

  test('whose rollout is aborted may tidy up, and has failed', async () => {
    await using folder = await temporaryFolder();
    const [ready, tidied] = [join(folder.path, 'ready'), join(folder.path, 'tidied')];
    const abort = new AbortController();
    const line = `trap 'touch ${tidied}; exit 0' TERM; touch ${ready}; while :; do sleep 0.05; done`;
    const running = run(line, { signal: abort.signal, timeoutMs: 60_000 });
    running.catch(() => undefined);
    await eventually(() => access(ready));
    abort.abort();
    await assert.rejects(running, /before_switch failed: the command was ended$/);
    await access(tidied);
  });

  test('that does not end when it is told to is killed, with its children', async () => {
    await using folder = await temporaryFolder();
    const pids = join(folder.path, 'pids');
    const abort = new AbortController();
    const line = `trap '' TERM; sleep 300 >/dev/null 2>&1 & echo $$ $! > ${pids}; while :; do sleep 0.1; done`;
    const running = run(line, { signal: abort.signal, timeoutMs: 60_000 });
    running.catch(() => undefined);
    const ids = await eventually(async () => {
      const found = (await readFile(pids, 'utf8')).trim().split(' ').map(Number);
      assert.equal(found.length, 2);
      return found;
    });
    abort.abort();
    await assert.rejects(running, /was ended/);
    await eventually(async () => {
      for (const id of ids) await assert.rejects(readFile(`/proc/${id}/comm`));
    });
  });

  test('that cannot be run at all has failed', () => assert.rejects(run('no-such-command'), /exit code 127/));
});
