import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { DotenvError, parseDotenv } from '../../src/compose/environment/parse-dotenv.ts';

function parse(text: string, outer: Readonly<Record<string, string>> = {}): Record<string, string> {
  const variables = new Map<string, string>();
  parseDotenv(text, variables, (name) => outer[name]);
  return Object.fromEntries(variables);
}

describe('an env file', () => {
  test('has names and values, comments, exports and blank lines', () => {
    assert.deepEqual(parse('# c\n\nA=1\nexport B=two words # c\nC: 3\n D = 4\n'), {
      A: '1',
      B: 'two words',
      C: '3',
      D: '4',
    });
  });

  test('takes single quotes to the letter, and fills in double quotes', () => {
    assert.deepEqual(parse(`A=x\nB='$A\\n'\nC="$A\\n\\$A"\nD="line\nline"\n`), {
      A: 'x',
      B: '$A\\n',
      C: 'x\n$A',
      D: 'line\nline',
    });
  });

  test('lets what is outside win over its own earlier lines', () => {
    assert.deepEqual(parse('A=own\nB=$A\nC=${D:-none}\n', { A: 'outer' }), {
      A: 'own',
      B: 'outer',
      C: 'none',
    });
  });

  test('inherits a bare name, and leaves it out when nothing is to be inherited', () => {
    assert.deepEqual(parse('A\nB\n', { A: 'outer' }), { A: 'outer' });
  });

  test('may begin with a byte order mark', () => {
    assert.deepEqual(parse('\uFEFFA=1\n'), { A: '1' });
  });

  for (const [text, message] of [
    ['A=1\nB="open\n', /^line \d+: unterminated quoted value "open/],
    ['A=1\nb!=1\n', /^line 2: unexpected character "!" in variable name "b!=1"/],
    ['two words=1\n', /^line 1: key cannot contain a space/],
    ['A=${\n', /^line \d+: Invalid template/],
  ] as const) {
    test(`${JSON.stringify(text)} is refused with its line`, () => {
      assert.throws(() => parse(text), { message });
    });
  }

  test('never throws anything but its own error', () => {
    const pieces = fc.constantFrom(
      'A',
      '=',
      '"',
      "'",
      '\\',
      '\n',
      '$',
      '{',
      '}',
      '#',
      ' ',
      'export ',
      ':',
      '\u00a0',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        try {
          parse(parts.join(''));
        } catch (thrown) {
          assert.ok(thrown instanceof DotenvError, String(thrown));
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
