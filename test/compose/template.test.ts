import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { substitute, TemplateError } from '../../src/compose/interpolate/template.ts';

const values: Readonly<Record<string, string>> = { FOO: 'foo', EMPTY: '', INNER: 'FOO' };
const fill = (template: string) => substitute(template, (name) => values[name]);

describe('a template', () => {
  for (const [template, expected] of [
    ['$FOO-$FOO', 'foo-foo'],
    ['${FOO}bar', 'foobar'],
    ['$$FOO', '$FOO'],
    ['price: 5$', 'price: 5$'],
    ['$1', '$1'],
    ['${NONE-default}', 'default'],
    ['${EMPTY-default}', ''],
    ['${EMPTY:-default}', 'default'],
    ['${FOO+set}${NONE+set}', 'set'],
    ['${EMPTY:+set}', ''],
    ['${NONE:-${FOO:-x}}/y', 'foo/y'],
    ['${NONE:-{a,b}}', '{a,b}'],
    ['${FOO?must be set}', 'foo'],
    ['${NONE:-a} ${NONE:-b}', 'a b'],
  ] as const) {
    test(`${template} becomes ${JSON.stringify(expected)}`, () => {
      assert.equal(fill(template), expected);
    });
  }

  test('says which variable is missing, and why it is needed', () => {
    assert.throws(() => fill('${NONE:?set ${FOO} first}'), {
      message: 'required variable NONE is missing a value: set foo first',
    });
  });

  for (const template of ['${', '${}', '${ FOO}', '${FOO', '${FOO!}', '${1}', '${NONE:-a\nb}']) {
    test(`${JSON.stringify(template)} is refused`, () => {
      assert.throws(() => fill(template), TemplateError);
    });
  }

  test('hears of variables that are not set', () => {
    const unset: string[] = [];
    substitute(
      '$NONE ${OTHER} ${THIRD:-x} $FOO',
      (name) => values[name],
      (name) => unset.push(name),
    );
    assert.deepEqual(unset, ['NONE', 'OTHER']);
  });

  test('never throws anything but its own error', () => {
    const pieces = fc.constantFrom(
      '$',
      '{',
      '}',
      ':',
      '-',
      '?',
      '+',
      'FOO',
      'NONE',
      ' ',
      '\n',
      'é',
      '${',
      '$$',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        try {
          fill(parts.join(''));
        } catch (thrown) {
          assert.ok(thrown instanceof TemplateError, String(thrown));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('gives back any text in which every dollar is doubled', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('$', '{', 'F', '}', '-', 'x') }), (text) => {
        assert.equal(fill(text.replaceAll('$', '$$$$')), text);
      }),
    );
  });

  test('is refused when variables that double each other would exhaust the memory', () => {
    const huge = 'x'.repeat(9_000_000);
    assert.throws(() => substitute('${A}${A}', () => huge), /longer than/);
  });

  test('is refused when it is nested a thousand deep', () => {
    assert.throws(() => fill(`${'${NONE:-'.repeat(1_000)}x${'}'.repeat(1_000)}`), TemplateError);
  });
});
