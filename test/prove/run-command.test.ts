import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { ProofCommand } from '../../src/prove/change/resolve-command.ts';
import { describeFailure, runCommand } from '../../src/prove/change/run-command.ts';
import { eventually } from '../helpers/eventually.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

const never = new AbortController().signal;

function shell(script: string, stdout: ProofCommand['stdout'] = 'text'): ProofCommand {
  return { text: 'sh', file: '/bin/sh', args: ['-c', script], stdout };
}

function run(command: ProofCommand, changes: Partial<Parameters<typeof runCommand>[1]> = {}) {
  return runCommand(command, {
    environment: { PATH: process.env['PATH'] },
    workingDir: '/',
    stop: never,
    abandon: never,
    onLine: () => {},
    ...changes,
  });
}

describe('a command under proof', () => {
  const endings: readonly (readonly [what: string, command: ProofCommand, failure: RegExp | undefined])[] = [
    ['well', shell('true'), undefined],
    ['with an exit code', shell('exit 3'), /ended with exit code 3/],
    ['by a signal', shell('kill -9 $$'), /ended by SIGKILL/],
    [
      'before it began',
      { text: 'no', file: '/nonexistent/program', args: [], stdout: 'text' },
      /could not be started: .*ENOENT/,
    ],
  ];
  for (const [what, command, failure] of endings) {
    test(`may end ${what}`, async () => {
      const words = describeFailure((await run(command)).ending);
      if (failure === undefined) assert.equal(words, undefined);
      else assert.match(words ?? '', failure);
    });
  }

  test('has both its outputs shown, to the last line', async () => {
    const lines: string[] = [];
    await run(shell('echo out; echo err >&2; printf last'), { onLine: (line) => lines.push(line) });
    assert.deepEqual(lines.toSorted(), ['err', 'last', 'out']);
  });

  test('that is one of tenfold’s own gives its report, and only its notes are shown', async () => {
    const traffic = { requests: 9, drained: 1, forced: 0, retried: 2, failed: 0, failures: {} };
    const services = [{ service: 'web', before: 2, after: 3 }];
    const report = { command: 'scale', durationMs: 5, hasChanged: true, services, traffic, warnings: ['so'] };
    const messages = [
      { type: 'event', event: {} },
      { type: 'report', report: { ...report, more: 1 } },
    ];
    const script = [...messages.map((each) => `echo '${JSON.stringify(each)}'`), 'echo note >&2'].join('\n');
    const lines: string[] = [];
    const outcome = await run(shell(script, 'messages'), { onLine: (line) => lines.push(line) });
    assert.deepEqual(outcome.report, report);
    assert.deepEqual(lines, ['note']);
  });

  test('is not waited for when it leaves something running that holds its output', async () => {
    await using folder = await temporaryFolder();
    const pidFile = join(folder.path, 'pid');
    const lines: string[] = [];
    const { ending } = await run(shell(`sleep 60 & echo $! > ${pidFile}; echo done`), {
      onLine: (line) => lines.push(line),
    });
    const pid = Number(await readFile(pidFile, 'utf8'));
    assert.equal(process.kill(pid, 'SIGKILL'), true, 'what it left running still runs');
    assert.deepEqual([ending, lines], [{ kind: 'exited', exitCode: 0 }, ['done']]);
  });

  test('is interrupted with all that it started, and killed when it does not heed that', async () => {
    const stop = new AbortController();
    const abandon = new AbortController();
    const lines: string[] = [];
    const running = run(shell('trap "echo heard" INT; echo ready; while :; do sleep 0.05; done'), {
      stop: stop.signal,
      abandon: abandon.signal,
      onLine: (line) => lines.push(line),
    });
    await eventually(() => assert.ok(lines.includes('ready')));
    stop.abort();
    await eventually(() => assert.ok(lines.includes('heard')));
    abandon.abort();
    assert.deepEqual((await running).ending, { kind: 'signalled', signal: 'SIGKILL' });
  });
});
