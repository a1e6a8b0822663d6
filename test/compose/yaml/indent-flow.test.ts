import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readYaml } from '../../../src/compose/read/read-yaml.ts';
import { loadText, refusals } from '../helpers/load-text.ts';

const read = (text: string): unknown => JSON.parse(JSON.stringify(readYaml(text, 'case.yaml')[0]?.tree));

describe('lines on which a value goes on need no indentation', () => {
  for (const [text, expected] of [
    ['a:\n  b: [\n  "80:80",\n  81\n  ]\nc: d\n', { a: { b: ['80:80', 81] }, c: 'd' }],
    ['a:\n  b: [x,\ny]\n', { a: { b: ['x', 'y'] } }],
    ['a:\n  b: {\nx: 1, # {\n\ty: "}"\n}\n', { a: { b: { x: 1, y: '}' } } }],
    ['a:\n  b: "x\n  y"\nc: d\n', { a: { b: 'x y' }, c: 'd' }],
    ["a:\n  - 'x\n  y'\n  - z\n", { a: ['x y', 'z'] }],
    ['a:\n  t: |\n    [\n  b: [\n  c]\n', { a: { t: '[\n', b: ['c'] } }],
    ['a:\t"x\ny"#c\nb: "c"#d\n', { a: 'x y', b: 'c' }],
    [`a: it's [\nb: [\nc]\n`, { a: "it's [", b: ['c'] }],
    ['a: b\r\nc:\r\n  - d\r\n', { a: 'b', c: ['d'] }],
    ['a: b\rc: d\r', { a: 'b', c: 'd' }],
  ] as const) {
    test(JSON.stringify(text), () => {
      assert.deepEqual(read(text), expected);
    });
  }

  test('and are pointed at where they stand', async () => {
    const [error] = await refusals(
      loadText('services:\n  web:\n    image: a\n    ports: [\n    "80:80",\n    true\n    ]\n'),
    );
    assert.equal(`${error?.where?.line}:${error?.where?.column}`, '6:5');
  });

  test('while a bracket that is never closed is refused as it stands', async () => {
    const errors = await refusals(loadText('services:\n  web:\n    ports: [\n    "80:80"\n'));
    assert.ok(errors.length > 0);
    assert.ok(errors.every(({ message }) => message.startsWith('failed to parse')));
  });
});
