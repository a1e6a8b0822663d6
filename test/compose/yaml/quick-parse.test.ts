import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { quickParse } from '../../../src/compose/read/quick-parse.ts';
import { readDocument } from '../../../src/compose/read/read-document.ts';
import { parseDocuments } from '../../../src/compose/read/source-document.ts';
import { writeYaml } from '../../../src/compose/render/write-yaml.ts';
import { validModel } from '../helpers/valid-model.ts';

/** What the full parser makes of a text; throws where it refuses it. */
function fullParse(text: string): unknown {
  const [document, ...more] = parseDocuments(text, 'case.yaml');
  assert.ok(document !== undefined && more.length === 0);
  const { tree, resets } = readDocument(document);
  assert.deepEqual(resets, []);
  return tree;
}

function assertAgrees(text: string): boolean {
  const quick = quickParse(text);
  if (quick !== undefined) assert.deepEqual(quick, fullParse(text), text);
  return quick !== undefined;
}

describe('the quick parser', () => {
  for (const text of [
    'a: b\n',
    'a:\n  b: 1\n  c: [x, "y", {z: true}]\n\n  # comment\n  d:\n    - e\n    - f: g\n      h: i\n    -\n      j: k\n',
    'a:\n- b\n- c: d\nl: ~\n',
    `"a b": 'it''s'\nb: "x\\ny" # c\nc: http://x:80/#y\nd: -p\ne: 0777\nf: 1_000\n`,
    'a: {}\nb: []\nc:\n',
  ]) {
    test(`reads ${JSON.stringify(text)}`, () => {
      assert.ok(assertAgrees(text));
    });
  }

  for (const text of [
    'a: &x b\nc: *x\n',
    'a: |\n  b\n',
    'a: b\n  c\n',
    '<<: {a: b}\n',
    'a: b: c\n',
    'a: [b,\n  c]\n',
    'a: !reset x\n',
    'a: b\na: c\n',
    '1: b\n',
    '- a\n',
    'a: b\n---\nc: d\n',
    'a:\tb\n',
    'a: "b" c\n',
    'a: [b]]\n',
    '',
  ]) {
    test(`leaves ${JSON.stringify(text)} to the full parser`, () => {
      assert.equal(quickParse(text), undefined);
    });
  }

  test('reads any text as the full parser does, or leaves it to that one', () => {
    const token = fc.constantFrom(
      'a',
      'b',
      'key',
      ':',
      ': ',
      '- ',
      '-',
      ' ',
      '  ',
      '#',
      ' #',
      '"',
      "'",
      '[',
      ']',
      '{',
      '}',
      ', ',
      ',',
      '?',
      '|',
      '>',
      '&a',
      '*a',
      '!t',
      '%',
      '@',
      '1',
      '0x1',
      '~',
      'null',
      'true',
      '<<',
      '\\',
      '\\n',
      'é',
      '.',
      '...',
      '---',
      '=',
      '/',
      '${A:-b}',
      '\u3000',
      '\u00a0',
    );
    const line = fc
      .tuple(fc.integer({ min: 0, max: 3 }), fc.array(token, { minLength: 1, maxLength: 6 }))
      .map(([depth, tokens]) => `${'  '.repeat(depth)}${tokens.join('')}`);
    const entry = fc
      .tuple(
        fc.integer({ min: 0, max: 3 }),
        fc.constantFrom('a', 'b', 'c', '- a', '- b', '-', '"q"', "'q'"),
        fc.constantFrom(':', ': ', ': x', ': "y"', ': [a, b]', ': {a: b}', '', ': a:b', ': # c', ': - x'),
      )
      .map(([depth, key, value]) => `${'  '.repeat(depth)}${key}${value}`);
    const runs = Number(process.env['TENFOLD_FUZZ_RUNS'] ?? 5_000);
    let read = 0;
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 15, arbitrary: entry }, line), { maxLength: 8 }), (lines) => {
        if (assertAgrees(`${lines.join('\n')}\n`)) read += 1;
      }),
      { numRuns: runs },
    );
    // About one in forty is; a test in which none was read would prove nothing.
    assert.ok(read > runs / 100, `${read} of ${runs} texts were read`);
  });

  test('reads the common form of every valid model', () => {
    fc.assert(
      fc.property(validModel, (model) => {
        assertAgrees(writeYaml(model));
      }),
    );
  });
});
