import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { FaultError } from '../../src/compose/faults.ts';
import { mergeModels } from '../../src/compose/merge/merge.ts';
import { keepUnique } from '../../src/compose/merge/unicity.ts';
import { cloneTree, isMap, type Tree, type TreeMap } from '../../src/compose/tree.ts';
import { folderWith, loadFolder, loadText, refusals } from './helpers/load-text.ts';
import { anyModel } from './helpers/any-model.ts';

/** The web service of a base file with overrides laid over it. */
async function webOf(...files: readonly string[]) {
  const names = files.map((_, index) => `${index}.yaml`);
  const folder = folderWith(Object.fromEntries(files.map((text, index) => [names[index] ?? '', text])));
  const { web } = (await loadFolder(folder, { files: names, projectName: 'demo' })).services;
  assert.ok(web);
  return web;
}

describe('a file laid over another', () => {
  test('appends to lists and replaces in mappings', async () => {
    const web = await webOf(
      'services: {web: {image: a, ports: ["80:80"], labels: {x: "1", y: "2"}}}',
      'services: {web: {image: b, ports: ["81:81"], labels: [y=3]}}',
    );
    assert.equal(web.image, 'b');
    assert.deepEqual(
      web.ports?.map(({ published }) => published),
      ['80', '81'],
    );
    assert.deepEqual({ ...web.labels }, { x: '1', y: '3' });
  });

  test('replaces commands and health tests as a whole', async () => {
    const web = await webOf(
      'services: {web: {image: a, command: [x, y], healthcheck: {test: [CMD, x], retries: 2}}}',
      'services: {web: {command: z, healthcheck: {test: y}}}',
    );
    assert.deepEqual(web.command, ['z']);
    assert.deepEqual(web.healthcheck, { test: ['CMD-SHELL', 'y'], retries: 2 });
  });

  test('keeps one mount per target and one variable per name, the last', async () => {
    const web = await webOf(
      'services: {web: {image: a, volumes: ["./a:/data"], environment: {A: "1", B: "2"}}}',
      'services: {web: {volumes: ["./b:/data"], environment: [A=3]}}',
    );
    assert.equal(web.volumes?.length, 1);
    assert.match(web.volumes?.[0]?.source ?? '', /\/b$/);
    assert.deepEqual({ ...web.environment }, { A: '3', B: '2' });
  });

  test('takes away what it tags !reset, and replaces what it tags !override', async () => {
    const web = await webOf(
      'services: {web: {image: a, ports: ["80:80"], labels: {x: "1"}, command: b}}',
      'services:\n  web:\n    ports: !override ["81:81"]\n    labels: !reset {}\n    command: !reset null\n',
    );
    assert.deepEqual(
      web.ports?.map(({ published }) => published),
      ['81'],
    );
    assert.equal(web.labels, undefined);
    assert.equal(web.command, null);
  });

  test('is refused where a list would meet a mapping', async () => {
    const folder = folderWith({
      'a.yaml': 'services: {web: {image: a, security_opt: [x]}}',
      'b.yaml': 'services:\n  web:\n    security_opt: {x: y}\n',
    });
    const [error] = await refusals(loadFolder(folder, { files: ['a.yaml', 'b.yaml'] }));
    assert.equal(error?.message, 'cannot override services.web.security_opt');
    assert.equal(error.where?.line, 3);
    assert.equal(error.got, 'a mapping');
  });

  test('may be a second document of the same file', async () => {
    const { services } = await loadText('services: {web: {image: a}}\n---\nservices: {web: {image: b}}\n');
    assert.equal(services['web']?.image, 'b');
  });
});

describe('merging any two models', () => {
  test('never throws anything but its own error', () => {
    fc.assert(
      fc.property(anyModel, anyModel, (base, override) => {
        try {
          const merged = mergeModels(copyOf(base), copyOf(override));
          keepUnique(merged, () => undefined);
        } catch (thrown) {
          assert.ok(
            thrown instanceof FaultError,
            thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
          );
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('leaves a model as it is when there is nothing to lay over it', () => {
    fc.assert(
      fc.property(anyModel, (model) => {
        assert.deepEqual(mergeModels(copyOf(model), {}), copyOf(model));
      }),
    );
  });
});

function copyOf(model: TreeMap): TreeMap {
  const copy: Tree = cloneTree(model);
  assert.ok(isMap(copy));
  return copy;
}
