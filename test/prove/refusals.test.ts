import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TenfoldError } from '../../src/shared/errors.ts';
import type { StackStatus } from '../../src/daemon/control-api.ts';
import { startFakeDaemon } from '../cli/fake-daemon.ts';
import { runInProcess } from '../cli/run-in-process.ts';
import { sampleDatabase, sampleListener, sampleService, sampleStack } from '../cli/sample-status.ts';

async function proveOn(stack: StackStatus, words: readonly string[]) {
  await using daemon = await startFakeDaemon();
  daemon.answer('GET /v1/stacks/demo', { json: stack });
  return await runInProcess(['-p', 'demo', 'prove', ...words], {
    ...daemon.environment,
    PATH: '/nonexistent',
  });
}

describe('prove refuses', () => {
  const api = sampleService({ name: 'api' });
  const table: readonly (readonly [
    what: string,
    stack: StackStatus,
    words: readonly string[],
    exitCode: number,
    message: RegExp,
  ])[] = [
    [
      'a stack that is stopped',
      sampleStack({ phase: 'stopped' }),
      ['--', 'restart'],
      2,
      /the stack demo is stopped \[no-listener\][^]*tenfold up -d/,
    ],
    [
      'a stack without an HTTP listener',
      sampleStack({ services: [sampleDatabase] }),
      ['--', 'restart'],
      2,
      /no open HTTP listener leads to a service of demo/,
    ],
    [
      'a stack whose only listener is one for TCP',
      sampleStack({ services: [sampleService({ listeners: [{ ...sampleListener, protocol: 'tcp' }] })] }),
      ['--', 'restart'],
      2,
      /no open HTTP listener/,
    ],
    [
      'to choose among several services',
      sampleStack({ services: [sampleService(), api] }),
      ['--', 'restart'],
      2,
      /expected `--service NAME`[^]*web, api/,
    ],
    [
      'a service that there is not',
      sampleStack(),
      ['--service', 'wbe', '--', 'restart'],
      2,
      /no service `wbe`/,
    ],
    ['no command', sampleStack(), [], 2, /there is no change to prove[^]*tenfold prove -- tenfold scale/],
    [
      'a command that there is not',
      sampleStack(),
      ['--', 'rollot'],
      4,
      /`rollot` is neither[^]*command-not-found|command-not-found/,
    ],
    ['an SLO that is none', sampleStack(), ['--slo', 'p99<fast', '--', 'restart'], 2, /p99<250ms,failed=0/],
    ['a rate of nothing', sampleStack(), ['--rate', '0', '--', 'restart'], 2, /number above 0/],
    ['a length that is none', sampleStack(), ['--before', '3', '--', 'restart'], 2, /duration such as 30s/],
    [
      'a path that would break the request',
      sampleStack(),
      ['--path', '/a b', '--', 'restart'],
      2,
      /without spaces/,
    ],
    [
      'a page that cannot be written',
      sampleStack(),
      ['--html', '/nonexistent/a.html', '--', 'restart'],
      2,
      /cannot write/,
    ],
  ];
  for (const [what, stack, words, exitCode, message] of table) {
    test(what, async () => {
      const run = await proveOn(stack, words);
      assert.match(run.stderr, message);
      assert.equal(run.exitCode, exitCode, run.stderr);
      assert.equal(run.stdout, '');
    });
  }

  test('a stack that is not known', async () => {
    await using daemon = await startFakeDaemon();
    daemon.answer('GET /v1/stacks/demo', {
      status: 404,
      json: { error: new TenfoldError('unknown-stack', 'no stack demo is known') },
    });
    const run = await runInProcess(['-p', 'demo', 'prove', '--', 'restart'], daemon.environment);
    assert.equal(run.exitCode, 2);
    assert.match(run.stderr, /no stack demo is known/);
  });
});
