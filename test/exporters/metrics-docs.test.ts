import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { noFigures } from '../../src/balancer/balancer-figures.ts';
import {
  balancerFamilies,
  controllerFamilies,
  processFamilies,
} from '../../src/exporters/prometheus/daemon-families.ts';
import { serviceFamilies } from '../../src/exporters/prometheus/service-families.ts';
import { serviceDetail } from '../metrics/samples.ts';

test('docs/metrics.md explains every metric with its type, and none that there is not', () => {
  const families = [
    ...serviceFamilies([serviceDetail(1)]),
    ...controllerFamilies([]),
    ...balancerFamilies(noFigures),
    ...processFamilies('1.0.0'),
  ];
  const page = readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8');
  const explained = [...page.matchAll(/^\| `([a-z_]+)`\s*\| (counter|gauge|histogram)/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  assert.deepEqual(explained.toSorted(), families.map(({ name, type }) => `${name} ${type}`).toSorted());
});
