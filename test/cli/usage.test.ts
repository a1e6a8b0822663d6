import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parsePointInTime } from '../../src/cli/views/point-in-time.ts';
import { runInProcess } from './run-in-process.ts';

describe('a command line that tenfold does not take', () => {
  for (const [words, fault, hint] of [
    [['lgos'], /^error: unknown command `lgos` \[usage\]/, /did you mean `logs`\?/],
    [['logs', '--folow'], /^error: unknown option `--folow`/, /did you mean `--follow`\?/],
    [['scale'], /^error: missing required argument `service=n`/, /tenfold --help/],
    [['drain', 'web-1', 'web-2'], /^error: too many arguments for `drain`/, /tenfold --help/],
    [['stop', '-t', 'soon'], /It is not a number of seconds\./, /tenfold --help/],
    [['logs', '--since', 'lately'], /It is neither a duration such as 10m/, /tenfold --help/],
    [['ps', '--ansi', 'sometimes'], /Allowed choices are auto, always, never\./, /tenfold --help/],
    [['ps', '-p', 'Not A Name'], /^error: `Not A Name` cannot be the name of a stack/, /lower case letters/],
  ] as const) {
    test(`\`${words.join(' ')}\` ends with 2 and says what was not understood`, async () => {
      const { exitCode, stdout, stderr } = await runInProcess(words);
      assert.equal(exitCode, 2);
      assert.equal(stdout, '');
      assert.match(stderr, fault);
      assert.match(stderr, hint);
    });
  }

  test('is told as JSON when it asks for JSON', async () => {
    const { exitCode, stdout } = await runInProcess(['lgos', '--json']);
    assert.equal(exitCode, 2);
    assert.partialDeepStrictEqual(JSON.parse(stdout), {
      error: { code: 'usage', message: 'unknown command `lgos`', hint: 'did you mean `logs`?' },
    });
  });

  test('without a command shows the help on stderr', async () => {
    const { exitCode, stdout, stderr } = await runInProcess([]);
    assert.equal(exitCode, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /^Usage: tenfold /);
  });
});

test('help and version go to stdout and end with 0', async () => {
  const help = await runInProcess(['up', '--help']);
  assert.equal(help.exitCode, 0);
  assert.match(help.stdout, /^Usage: tenfold up /);
  assert.match((await runInProcess(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
});

describe('a point in time', () => {
  const now = Date.UTC(2026, 10, 22, 12);
  for (const [text, expected] of [
    ['10m', now - 600_000],
    ['1h30m', now - 5_400_000],
    ['1.5s', now - 1_500],
    ['250ms', now - 250],
    ['1700000000', 1_700_000_000_000],
    ['1700000000.5', 1_700_000_000_500],
    ['2026-11-22T11:00:00Z', now - 3_600_000],
    ['2026-11-22', Date.UTC(2026, 10, 22)],
  ] as const) {
    test(`\`${text}\` is understood`, () => assert.equal(parsePointInTime(text, now), expected));
  }

  for (const text of ['', 'yesterday', '10x', '2026-99-99', '-5m']) {
    test(`\`${text}\` is refused`, () => assert.throws(() => parsePointInTime(text, now)));
  }
});
