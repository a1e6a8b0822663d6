import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dockerignore } from '../../../src/runtime/docker/image/dockerignore.ts';

const cases: readonly [rules: string, ignored: readonly string[], sent: readonly string[]][] = [
  ['', [], ['a', '.hidden']],
  ['# a comment\n\n  \n', [], ['# a comment', 'a']],
  ['node_modules', ['node_modules', 'node_modules/a/b'], ['src/node_modules', 'node_modules2']],
  ['/dist/', ['dist', 'dist/a'], ['src/dist']],
  ['*.log', ['a.log', '.log'], ['a.log.txt', 'logs/a.log']],
  ['*/temp*', ['a/temp', 'a/temporary.txt', 'a/temp/b'], ['temp', 'a/b/temp']],
  ['**/secret', ['secret', 'a/secret', 'a/b/secret/c'], ['secrets']],
  ['a/**', ['a/b', 'a/b/c'], ['a']],
  ['a/**/z', ['a/z', 'a/b/c/z'], ['z', 'b/z']],
  ['temp?', ['temp1', 'tempa/b'], ['temp', 'temp12']],
  ['[ab].txt', ['a.txt', 'b.txt'], ['c.txt']],
  ['[^ab].txt', ['c.txt'], ['a.txt']],
  ['*.md\n!README.md', ['a.md'], ['README.md']],
  ['*.md\n!README*.md\nREADME-secret.md', ['README-secret.md', 'a.md'], ['README.md']],
  ['build\n!build/keep', ['build/drop'], ['build/keep', 'build/keep/in']],
  ['./a/../b', ['b'], ['a', 'a/b']],
  ['a.b', ['a.b'], ['aXb']],
  ['\\!x', ['!x'], ['x']],
  ['*', ['a', 'a/b', '.hidden'], []],
  ['a\r\nb\r\n', ['a', 'b'], ['c']],
];

describe('.dockerignore', () => {
  for (const [rules, ignored, sent] of cases) {
    test(JSON.stringify(rules), () => {
      const { isIgnored } = dockerignore(rules);
      assert.deepEqual(
        [...ignored, ...sent].filter((path) => isIgnored(path)),
        ignored,
      );
    });
  }
});
