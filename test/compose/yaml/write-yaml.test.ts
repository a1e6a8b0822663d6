import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import { readYaml } from '../../../src/compose/read/read-yaml.ts';
import { writeYaml } from '../../../src/compose/render/write-yaml.ts';

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('YAML that is written', () => {
  test('is in block style, with quotes only where text could be taken for something else', () => {
    const value = {
      name: 'demo',
      list: ['a', '80:80', '-p', 'yes', { b: 1, c: [true] }, [], ['x']],
      empty: {},
      none: null,
      'key: 1': 'a #b',
      script: 'one\n  two\n',
      octal: '0777',
    };
    assert.equal(
      writeYaml(value),
      `name: demo
list:
  - a
  - "80:80"
  - -p
  - "yes"
  - b: 1
    c:
      - true
  - []
  -
    - x
empty: {}
none: null
"key: 1": "a #b"
script: |
  one
    two
octal: "0777"
`,
    );
  });

  test('is read as what it was, by us and by readers of either version of YAML', () => {
    const tricky = fc.constantFrom(
      '',
      ' ',
      'a ',
      ' a',
      'a: b',
      'a #b',
      'a:',
      '#',
      '-',
      '- a',
      '--',
      '---',
      '...',
      '?',
      '? a',
      '!a',
      '&a',
      '*a',
      '|',
      '>',
      '%',
      '@',
      '`',
      '{',
      '[',
      "'",
      '"',
      'yes',
      'No',
      'ON',
      'y',
      'null',
      '~',
      'True',
      '1',
      '-1',
      '+1',
      '.5',
      '1e3',
      '1_0',
      '0x1',
      '0o7',
      '0b1',
      '12:30',
      '2001-01-01',
      '.inf',
      '-.INF',
      '.nan',
      '<<',
      '=',
      'a\nb',
      'a\n',
      'a\n\n',
      '\na',
      ' a\nb',
      'a \nb',
      'a\n b',
      '\t',
      'a\tb',
      '\u0085',
      '\u2028',
      '\ufeff',
      'é',
      '😀',
      '\u00a0',
      '\u007f',
      '\r\n',
    );
    const text = fc.oneof(
      tricky,
      fc.string({ maxLength: 6 }),
      fc.string({ unit: 'binary', maxLength: 4 }).filter((raw) => raw.isWellFormed()),
    );
    const key = text.filter((raw) => raw !== '__proto__');
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        text,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
      ),
    })).value;
    fc.assert(
      fc.property(fc.dictionary(key, value, { minKeys: 1, maxKeys: 3, noNullPrototype: true }), (model) => {
        const written = writeYaml(model);
        assert.deepEqual(parse(written), plain(model), written);
        assert.deepEqual(parse(written, { version: '1.1' }), plain(model), written);
        assert.deepEqual(plain(readYaml(written, 'written.yaml')[0]?.tree), plain(model), written);
      }),
      { numRuns: 3_000 },
    );
  });
});
