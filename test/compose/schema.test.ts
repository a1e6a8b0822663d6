import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { format, resolveConfig } from 'prettier';
import { propertyNames } from '../../src/compose/schema/kind.ts';
import { checkModel, editorSchema } from '../../src/compose/schema/project-schema.ts';
import { xTenfoldHealth } from '../../src/compose/schema/tenfold/balancing.ts';
import { xTenfoldRollout } from '../../src/compose/schema/tenfold/rollout.ts';
import { xTenfold } from '../../src/compose/schema/tenfold/x-tenfold.ts';
import { newMap } from '../../src/compose/tree.ts';

const docs = join(import.meta.dirname, '../../docs');

test('docs/compose.schema.json is the schema that files are judged by (UPDATE_DOCS=1 writes it)', async () => {
  const page = join(docs, 'compose.schema.json');
  const options = await resolveConfig(page);
  const expected = await format(JSON.stringify(editorSchema()), { ...options, parser: 'json' });
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(page, expected);
  assert.equal(readFileSync(page, 'utf8'), expected);
});

test('docs/compose.md explains every key of x-tenfold, and none that there is not', () => {
  const section = readFileSync(join(docs, 'compose.md'), 'utf8')
    .split(/^## /m)
    .find((part) => part.startsWith('x-tenfold'));
  const explained = [...(section ?? '').matchAll(/^\| `([a-z0-9_.]+)`/gm)].map((match) => match[1]);
  const groups = Object.entries({ health: xTenfoldHealth, rollout: xTenfoldRollout });
  const known = propertyNames(xTenfold).filter((key) => !groups.some(([group]) => group === key));
  const grouped = groups.flatMap(([group, kind]) => propertyNames(kind).map((key) => `${group}.${key}`));
  assert.deepEqual(explained, [...known, ...grouped]);
});

describe('the schema', () => {
  const messages = (services: object): string[] => {
    const found: string[] = [];
    checkModel(Object.assign(newMap(), JSON.parse(JSON.stringify({ services }))), ({ message }) =>
      found.push(message),
    );
    return found;
  };

  test('takes x- keys anywhere, and no others', () => {
    assert.deepEqual(
      messages({ a: { image: 'b', 'x-c': 1, deploy: { 'x-d': [1] }, build: { 'x-e': null } } }),
      [],
    );
    assert.equal(messages({ a: { image: 'b', y: 1, deploy: { z: 1 } } }).length, 2);
  });

  test('misses what has to be there', () => {
    assert.deepEqual(
      messages({ a: { image: 'b', volumes: [{ target: '/c' }], develop: { watch: [{ path: 'd' }] } } }),
      [
        "services.a.volumes[0]: missing property 'type'",
        "services.a.develop.watch[0]: missing property 'action'",
      ],
    );
  });

  test('refuses the same item twice', () => {
    assert.deepEqual(messages({ a: { image: 'b', cap_add: ['X', 'Y', 'X'] } }), [
      'services.a.cap_add: items at 0 and 2 are equal',
    ]);
  });

  test('refuses names of services that are none', () => {
    assert.deepEqual(messages({ 'a b': { image: 'c' } }), [
      "services: additional property 'a b' is not allowed",
    ]);
  });
});
