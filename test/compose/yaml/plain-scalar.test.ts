import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resolvePlainScalar } from '../../../src/compose/read/plain-scalar.ts';
import { loadText, refusals } from '../helpers/load-text.ts';

describe('a value without quotes', () => {
  for (const [text, value] of [
    ['', null],
    ['~', null],
    ['Null', null],
    ['true', true],
    ['FALSE', false],
    ['yes', 'yes'],
    ['on', 'on'],
    ['12', 12],
    ['+12', 12],
    ['-3', -3],
    ['0777', 511],
    ['0o17', 15],
    ['0x1F', 31],
    ['0b11', 3],
    ['08', 8],
    ['1_000', 1000],
    ['1.50', 1.5],
    ['.5', 0.5],
    ['1e3', 1000],
    ['1e6', '1e+06'],
    ['1.2.3', '1.2.3'],
    ['80:80', '80:80'],
    ['1d', '1d'],
    ['123456789012345678', '123456789012345678'],
    ['-9223372036854775808', '-9223372036854775808'],
    ['99999999999999999999', '1e+20'],
    ['2024-01-02', '2024-01-02 00:00:00 +0000 UTC'],
    ['2024-1-2 3:04:05.60', '2024-01-02 03:04:05.6 +0000 UTC'],
    ['2024-01-02T03:04:05+02:00', '2024-01-02 03:04:05 +0200 +0200'],
    ['2024-13-02', '2024-13-02'],
  ] as const) {
    test(`${text || 'that is missing'} is ${JSON.stringify(value)}`, () => {
      assert.equal(resolvePlainScalar(text), value);
    });
  }

  test('reaches the environment as docker compose would print it', async () => {
    const { web } = (
      await loadText(
        'services: {web: {image: a, environment: {ID: 123456789012345678, DAY: 2024-01-02, RATIO: 1.10, SMALL: 0.00001, ON: on}}}',
      )
    ).services;
    assert.deepEqual(
      { ...web?.environment },
      {
        ID: '123456789012345678',
        DAY: '2024-01-02 00:00:00 +0000 UTC',
        RATIO: '1.1',
        SMALL: '1e-05',
        ON: 'on',
      },
    );
  });

  test('is no key where it is no text', async () => {
    for (const key of ['1', 'true', '2024-01-02', '123456789012345678', '1.5', '~']) {
      const [error] = await refusals(loadText(`services: {web: {image: a, labels: {${key}: x}}}`));
      assert.match(error?.message ?? '', /^non-string key in services\.web\.labels: /);
    }
  });
});
