import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { resolveStack } from '../../src/compose/resolve-stack.ts';
import { propertyNames } from '../../src/compose/schema/kind.ts';
import { xTenfoldAutoscale, xTenfoldAutoscaleTarget } from '../../src/compose/schema/tenfold/autoscale.ts';
import { loadFolder, loadText } from '../compose/helpers/load-text.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/autoscaling.md'), 'utf8');

function explainedIn(section: string): string[] {
  const text = page.split(/^## /m).find((part) => part.startsWith(section)) ?? '';
  return [...text.matchAll(/^\| `([a-z_0-9]+)`/gm)].map((match) => match[1] ?? '');
}

test('docs/autoscaling.md explains every key and every metric, and none that there is not', () => {
  assert.deepEqual(explainedIn('Keys of `autoscale`'), propertyNames(xTenfoldAutoscale));
  assert.deepEqual(explainedIn('Metrics'), propertyNames(xTenfoldAutoscaleTarget));
});

test('the behavior that it prints as the default is the default', async () => {
  const blocks = [...page.matchAll(/```yaml\n([^`]*)```/g)].map((match): unknown => parse(match[1] ?? ''));
  const behavior = blocks.find((block) => typeof block === 'object' && block !== null && 'behavior' in block);
  const policyOf = async (more: object) => {
    const autoscale = { max: 2, target: { cpu: '70%' }, ...more };
    const file = { services: { web: { image: 'a', 'x-tenfold': { autoscale } } } };
    return resolveStack(await loadText(JSON.stringify(file)), {}).stack.services['web']?.autoscale;
  };
  assert.ok(typeof behavior === 'object' && behavior !== null);
  assert.deepEqual(await policyOf(behavior), await policyOf({}));
});

test('the visits example scales from 1 to 5 by its processor time', async () => {
  const folder = join(import.meta.dirname, '../../examples/visits');
  const project = await loadFolder(folder, { files: ['compose.yaml', 'compose.autoscale.yaml'] });
  const web = resolveStack(project, {}).stack.services['web'];
  assert.equal(web?.replicas, 1);
  const { min, max, metrics, scaleUp } = web.autoscale ?? assert.fail();
  assert.deepEqual([min, max, metrics[0]?.kind, scaleUp.policies.length], [1, 5, 'cpu', 2]);
});
