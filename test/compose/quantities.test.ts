import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { formatDuration, parseBytes, parseDuration, toFloat32 } from '../../src/compose/schema/quantities.ts';
import { splitCommand } from '../../src/compose/schema/split-command.ts';

describe('a duration', () => {
  for (const [text, expected] of [
    ['10s', '10s'],
    ['90s', '1m30s'],
    ['1h', '1h0m0s'],
    ['1.5h', '1h30m0s'],
    ['2d', '48h0m0s'],
    ['1w', '168h0m0s'],
    ['1500ms', '1.5s'],
    ['100ms', '100ms'],
    ['1.5us', '1.5µs'],
    ['3ns', '3ns'],
    ['0', '0s'],
    ['-5s', '-5s'],
  ] as const) {
    test(`${text} is printed as ${expected}`, () => {
      const nanoseconds = parseDuration(text);
      assert.ok(nanoseconds !== undefined);
      assert.equal(formatDuration(nanoseconds), expected);
    });
  }

  for (const text of ['', '10', 's', '1x', '1s ', '.', '1..5s', '99999999999w']) {
    test(`${JSON.stringify(text)} is none`, () => {
      assert.equal(parseDuration(text), undefined);
    });
  }

  test('is the same after it was printed', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 62n }), (nanoseconds) => {
        assert.equal(parseDuration(formatDuration(nanoseconds)), nanoseconds);
      }),
    );
  });
});

describe('a size', () => {
  for (const [text, expected] of [
    ['1024', 1024],
    ['-1', -1],
    ['64M', 67_108_864],
    ['64mb', 67_108_864],
    ['1.5 GiB', 1_610_612_736],
    ['2k', 2048],
    ['10b', 10],
  ] as const) {
    test(`${text} is ${expected} bytes`, () => {
      assert.equal(parseBytes(text), expected);
    });
  }

  for (const text of ['', 'M', '1x', '1kbb', '-1k', '1 2']) {
    test(`${JSON.stringify(text)} is none`, () => {
      assert.equal(typeof parseBytes(text), 'object');
    });
  }
});

test('a ratio keeps the digits that it has in 32 bits', () => {
  assert.equal(toFloat32(0.1), 0.1);
  assert.equal(toFloat32(0.123456789), 0.12345679);
  assert.equal(toFloat32(2), 2);
});

describe('a command line', () => {
  for (const [line, words] of [
    [`node server.js --name "a b" 'c d'`, ['node', 'server.js', '--name', 'a b', 'c d']],
    ['echo a\\ b ""', ['echo', 'a b', '']],
    ['echo one; echo two', ['echo', 'one']],
    ['a && b', ['a']],
    ['echo $(date +%s)', ['echo', '$(date +%s)']],
    ['', []],
  ] as const) {
    test(`${line} has ${words.length} words`, () => {
      assert.deepEqual(splitCommand(line), words);
    });
  }

  for (const line of [`echo "open`, `it's`, 'echo \\', 'f(x)']) {
    test(`${line} is none`, () => {
      assert.equal(splitCommand(line), undefined);
    });
  }
});
