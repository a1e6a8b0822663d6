import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { renderConfig } from '../../src/compose/render-config.ts';
import { writeYaml } from '../../src/compose/render/write-yaml.ts';
import { resolveStack } from '../../src/compose/resolve-stack.ts';
import { TenfoldError } from '../../src/shared/errors.ts';
import { anyModel } from './helpers/any-model.ts';
import { validModel } from './helpers/valid-model.ts';
import { loadText } from './helpers/load-text.ts';

const yamlOf = (model: unknown) => stringify(model, { aliasDuplicateObjects: false });

test('whatever a file says, it is loaded or refused with an error of ours', async () => {
  await fc.assert(
    fc.asyncProperty(anyModel, async (model) => {
      try {
        resolveStack(await loadText(yamlOf(model)), {});
      } catch (thrown) {
        assert.ok(
          thrown instanceof TenfoldError,
          thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
        );
      }
    }),
    { numRuns: 400 },
  );
});

test('bytes of any kind are loaded or refused with an error of ours', async () => {
  const pieces = fc.constantFrom(
    'a',
    ':',
    ' ',
    '\n',
    '-',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '&a',
    '*a',
    '!reset',
    '<<',
    '#',
    '|',
    '>',
    '%',
    '\t',
    '?',
    ',',
    '---\n',
    'services',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { maxLength: 50 }), async (parts) => {
      try {
        await loadText(parts.join(''));
      } catch (thrown) {
        assert.ok(
          thrown instanceof TenfoldError,
          thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
        );
      }
    }),
    { numRuns: 400 },
  );
});

test('what config prints is a compose file that says the same', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(validModel, async (model) => {
      const first = await loadText(writeYaml(model), { keepUnusedResources: true, checkConsistency: false });
      for (const format of ['yaml', 'json'] as const) {
        const printed = renderConfig(first, { view: 'model', format, isInterpolated: true });
        const second = await loadText(printed, { keepUnusedResources: true, checkConsistency: false });
        assert.equal(renderConfig(second, { view: 'model', format, isInterpolated: true }), printed);
        assert.deepEqual(second.services, first.services);
      }
      accepted += 1;
    }),
    { numRuns: 150 },
  );
  assert.ok(accepted >= 150);
});
