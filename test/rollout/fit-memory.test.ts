import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitMemory, type MemoryNeeds } from '../../src/rollout/fit-memory.ts';

const gib = 1024 ** 3;
const needs = (fields: Partial<MemoryNeeds>): MemoryNeeds => ({
  service: 'web',
  strategy: 'rolling',
  pace: { parallelism: 4, order: 'start-first' },
  replicas: 8,
  bytesEach: gib,
  availableBytes: 10 * gib,
  ...fields,
});

const cases: readonly [
  string,
  Partial<MemoryNeeds>,
  Pick<ReturnType<typeof fitMemory>, 'strategy' | 'parallelism'>,
][] = [
  ['what fits stays as it is', {}, { strategy: 'rolling', parallelism: undefined }],
  [
    'a batch that does not fit is made smaller',
    { availableBytes: 2.5 * gib },
    { strategy: 'rolling', parallelism: 2 },
  ],
  [
    'at least one is replaced at a time',
    { availableBytes: gib / 2 },
    { strategy: 'rolling', parallelism: 1 },
  ],
  [
    'all at once means as many as fit',
    { pace: { parallelism: 0, order: 'start-first' }, availableBytes: 3 * gib },
    { strategy: 'rolling', parallelism: 3 },
  ],
  [
    'stop-first needs no room',
    { pace: { parallelism: 4, order: 'stop-first' }, availableBytes: 0 },
    { strategy: 'rolling', parallelism: undefined },
  ],
  [
    'two sets that do not fit become a rolling update',
    { strategy: 'blue-green', availableBytes: 5 * gib },
    { strategy: 'rolling', parallelism: 4 },
  ],
  ['two sets that fit stay', { strategy: 'canary' }, { strategy: 'canary', parallelism: undefined }],
  [
    'what nobody knows holds nothing up',
    { bytesEach: undefined },
    { strategy: 'rolling', parallelism: undefined },
  ],
];

for (const [what, fields, expected] of cases) {
  test(what, () => {
    const { reason, ...fit } = fitMemory(needs(fields));
    assert.deepEqual(fit, expected);
    const isAsAsked = fit.parallelism === undefined;
    assert.equal(reason === undefined, isAsAsked);
    if (reason !== undefined)
      assert.match(reason, /more replicas of web at 1024 MiB each do not fit the \d+ MiB/);
  });
}
