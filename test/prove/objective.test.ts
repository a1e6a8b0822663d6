import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { holds, parseObjectives, type Objective } from '../../src/prove/objective.ts';
import { isTenfoldError } from '../../src/shared/errors.ts';

const only = (text: string): Objective => {
  const [objective, ...others] = parseObjectives(text);
  assert.ok(objective !== undefined && others.length === 0);
  return objective;
};

describe('--slo', () => {
  const read: readonly (readonly [string, Omit<Objective, 'text'>])[] = [
    ['failed=0', { metric: { kind: 'failed', as: 'count' }, phase: undefined, comparison: '=', limit: 0 }],
    ['failed == 0', { metric: { kind: 'failed', as: 'count' }, phase: undefined, comparison: '=', limit: 0 }],
    [
      'failed<1%',
      { metric: { kind: 'failed', as: 'share' }, phase: undefined, comparison: '<', limit: 0.01 },
    ],
    [
      'failed(after)<=2',
      { metric: { kind: 'failed', as: 'count' }, phase: 'after', comparison: '<=', limit: 2 },
    ],
    [
      'p99<250ms',
      { metric: { kind: 'latency', of: { percentile: 99 } }, phase: undefined, comparison: '<', limit: 250 },
    ],
    [
      'p99.9( during ) < 1.5s',
      {
        metric: { kind: 'latency', of: { percentile: 99.9 } },
        phase: 'during',
        comparison: '<',
        limit: 1500,
      },
    ],
    ['max<1m', { metric: { kind: 'latency', of: 'max' }, phase: undefined, comparison: '<', limit: 60_000 }],
    ['gap<500ms', { metric: { kind: 'gap' }, phase: undefined, comparison: '<', limit: 500 }],
    ['steady<=10s', { metric: { kind: 'steady' }, phase: undefined, comparison: '<=', limit: 10_000 }],
    ['forced=0', { metric: { kind: 'forced' }, phase: undefined, comparison: '=', limit: 0 }],
  ];
  for (const [text, expected] of read) {
    test(`reads ${text}`, () => assert.deepEqual(only(text), { text, ...expected }));
  }

  test('reads several with commas between', () => {
    assert.deepEqual(
      parseObjectives('p99<250ms, failed=0').map(({ text }) => text),
      ['p99<250ms', 'failed=0'],
    );
  });

  const refused = [
    '',
    'p99',
    'p99<5',
    'p101<5ms',
    'failed<5ms',
    'failed=',
    'failed!=0',
    'gap<5',
    'gap(during)<5s',
    'p99(later)<5ms',
    'forced<1%',
    'speed<1',
    'failed=0,',
    'failed=-1',
  ];
  for (const text of refused) {
    test(`refuses \`${text}\` and says what is expected`, () => {
      assert.throws(
        () => parseObjectives(text),
        (thrown) => isTenfoldError(thrown, 'usage') && /p99<250ms,failed=0/.test(thrown.expected ?? ''),
      );
    });
  }
});

test('a comparison holds at its limit only where it says so', () => {
  const table = [
    ['max<5ms', [true, false, false]],
    ['max<=5ms', [true, true, false]],
    ['max=5ms', [false, true, false]],
    ['max>=5ms', [false, true, true]],
    ['max>5ms', [false, false, true]],
  ] as const;
  for (const [text, expected] of table) {
    assert.deepEqual(
      [4, 5, 6].map((value) => holds(value, only(text))),
      expected,
      text,
    );
  }
});
