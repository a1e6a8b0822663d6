import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { skipWithout } from '../helpers/parts.ts';
import { categories, runCategory } from './conformance/categories.ts';
import { readCases } from './conformance/case-files.ts';
import { goOnlyOptions, type LoadCase } from './conformance/load-case.ts';

describe('the loader judges as the reference does', async () => {
  const skip = await skipWithout('compose-cases');
  const expectedCounts: Readonly<Record<string, number>> = {
    merge: 66,
    unicity: 66,
    normalize: 9,
    template: 69,
    interpolate: 29,
    dotenv: 110,
    port: 36,
    volume: 95,
    schema: 12,
    load: 339,
  };

  for (const category of categories) {
    test(`in every recorded case of ${category}`, { skip }, () => {
      const outcomes = runCategory(category);
      const differing = outcomes.filter(({ difference }) => difference !== undefined);
      assert.deepEqual(differing, []);
      assert.equal(outcomes.length, expectedCounts[category]);
    });
  }

  test('save for five cases that only a program in Go can put', { skip }, () => {
    const primary = readCases<LoadCase>('load.json').filter(({ roundtrip }) => !roundtrip);
    const goOnly = primary.filter(({ options }) =>
      Object.keys(goOnlyOptions).some((option) => option in options),
    );
    assert.equal(primary.length, 344);
    assert.deepEqual(
      goOnly.map(({ name }) => name),
      [
        'loader.TestLoadWithRemoteResources#1',
        'loader.TestLoadWithMissingResources#1',
        'loader.TestLoadWithNestedResources#1',
        'loader.TestLoadWithResourcesCycle#1',
        'loader.TestKnowExtensions#1',
      ],
    );
  });
});
