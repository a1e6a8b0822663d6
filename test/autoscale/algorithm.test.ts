import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decide } from '../../src/autoscale/decide.ts';
import type { DecisionReason } from '../../src/autoscale/decision.ts';
import type { AutoscaleInput, ReplicaReading } from '../../src/autoscale/reading.ts';
import { noState } from '../../src/autoscale/state.ts';
import type { AutoscalePolicy } from '../../src/model/autoscale.ts';
import {
  busy,
  cpuTarget,
  inputOf,
  minute,
  noon,
  policyOf,
  second,
  serviceOf,
  unmeasured,
} from './samples.ts';

/* Written from the documentation of the Kubernetes HorizontalPodAutoscaler, section by section. */

/** Without a window and with a wide rate, so that what is asked for is what comes. */
const free = policyOf({
  max: 1000,
  scaleUp: {
    ...policyOf().scaleUp,
    policies: [{ type: 'Percent', value: 10_000, periodMs: 15 * second }],
  },
  scaleDown: { ...policyOf().scaleDown, stabilizationMs: 0 },
});

function decideOn(
  replicas: readonly Partial<ReplicaReading>[],
  policy: Partial<AutoscalePolicy> = {},
  input: Partial<AutoscaleInput> = {},
) {
  return decide({ ...free, ...policy }, noState, inputOf(replicas, input)).decision;
}

type Row = readonly [
  what: string,
  replicas: readonly Partial<ReplicaReading>[],
  to: number,
  reason?: DecisionReason,
];

function table(title: string, rows: readonly Row[], policy: Partial<AutoscalePolicy> = {}): void {
  describe(title, () => {
    for (const [what, replicas, to, reason] of rows) {
      test(`${what}: ${replicas.length} → ${to}`, () => {
        const decision = decideOn(replicas, policy);
        assert.equal(decision.to, to, decision.sentence);
        if (reason !== undefined) assert.equal(decision.reason, reason, decision.sentence);
      });
    }
  });
}

table('the count is the current one times current by target, rounded up', [
  ['twice the target doubles', busy(1), 2],
  ['twice the target doubles any number', busy(1, 1, 1), 6],
  ['half of the target halves', busy(0.25, 0.25, 0.25, 0.25), 2],
  ['half of the target of an odd number rounds up', busy(0.25, 0.25, 0.25), 2],
  ['a bit more than another replica rounds up', busy(0.7, 0.7, 0.7), 5],
  ['it is the average that counts', busy(1, 0.1, 0.7), 4],
  [
    'a quotient that is whole stays whole',
    busy(0.55 * 1.2, 0.55 * 1.2, 0.55 * 1.2, 0.55 * 1.2, 0.55 * 1.2),
    7,
  ],
  ['idle replicas leave the least that there may be', busy(0, 0, 0), 1, 'bounds'],
]);

table('a ratio within a tenth of 1 has no consequence', [
  ['exactly on target', busy(0.5, 0.5), 2, 'on target'],
  ['a tenth over', busy(0.55, 0.55), 2, 'on target'],
  ['a tenth under', busy(0.45, 0.45), 2, 'on target'],
  ['more than a tenth over', busy(0.56, 0.56), 3, 'load'],
  ['more than a tenth under, where the quotient rounds up to as many', busy(0.44, 0.44), 2, 'on target'],
  ['more than a tenth under, of many', busy(...Array.from({ length: 20 }, () => 0.44)), 18, 'load'],
]);

table(
  'the tolerance can be set for each direction',
  [
    ['a quarter over is inside', busy(0.625, 0.625, 0.625, 0.625), 4, 'on target'],
    ['a third over is not', busy(0.67, 0.67, 0.67, 0.67), 6],
    ['a twentieth under is outside', busy(...Array.from({ length: 20 }, () => 0.47)), 19],
  ],
  { scaleUp: { ...free.scaleUp, tolerance: 0.25 }, scaleDown: { ...free.scaleDown, tolerance: 0.05 } },
);

table('a replica without a measurement is at the target on the way down, and idle on the way up', [
  ['down less far: (0.1 + 0.1 + 0.5) / 1.5 × 3', [...busy(0.1, 0.1), {}], 2],
  ['and not at all when the quotient rounds up to as many', [...busy(0.3), {}], 2],
  ['up less far: (1 + 1 + 0) / 1.5 × 3', [...busy(1, 1), {}], 4],
  ['not up when that ends inside the tolerance', [...busy(0.8), ...busy(0.8), {}], 3, 'on target'],
  ['not up when that turns the direction round', [...busy(0.6), {}, {}], 3, 'on target'],
  ['on target it changes nothing', [...busy(0.5), {}], 2, 'on target'],
]);

const starting = { isReady: false, startedAt: noon - 10 * second, readyChangedAt: noon - 10 * second };

table('a replica that is not ready yet is set aside, and idle on the way up', [
  ['up less far: (1 + 1 + 0) / 1.5 × 3', [...busy(1, 1), { ...starting, cpuCores: 1 }], 4],
  ['not up when that ends inside the tolerance', [...busy(0.8, 0.8), starting], 3, 'on target'],
  ['not up when that turns the direction round', [...busy(0.6), starting], 2, 'on target'],
  ['down by those that are ready', [...busy(0.1, 0.1, 0.1), starting], 1],
  ['with one without measurement on the way up', [...busy(2), starting, {}], 4],
  ['on the way down only the missing one counts', [...busy(0.1, 0.1), starting, {}], 2],
  ['nothing is known while none is ready', [starting, starting], 2, 'unknown'],
  ['nothing is known while none was measured', [{}, {}], 2, 'unknown'],
]);

describe('processor time counts once a replica is past its start', () => {
  const young = { startedAt: noon - 2 * minute, cpuCores: 1 };
  const old = { startedAt: noon - 10 * minute, cpuCores: 1 };
  const rows: readonly (readonly [string, Partial<ReplicaReading>, counts: boolean])[] = [
    ['ready for a whole window', { ...young, readyChangedAt: noon - 15 * second }, true],
    ['ready for less than a window', { ...young, readyChangedAt: noon - 14 * second }, false],
    [
      'unready within the initialisation period',
      { ...young, isReady: false, readyChangedAt: noon - minute },
      false,
    ],
    ['just ready, after the initialisation period', { ...old, readyChangedAt: noon - second }, true],
    ['unready again, long after its start', { ...old, isReady: false, readyChangedAt: noon - minute }, true],
    ['never ready since its start', { ...old, isReady: false, readyChangedAt: old.startedAt }, false],
    [
      'unready since within the readiness delay',
      { ...old, isReady: false, readyChangedAt: old.startedAt + 29 * second },
      false,
    ],
    [
      'unready since after the readiness delay',
      { ...old, isReady: false, readyChangedAt: old.startedAt + 30 * second },
      true,
    ],
  ];
  for (const [what, replica, counts] of rows) {
    test(`${what}: ${counts ? 'counts' : 'is set aside'}`, () => {
      // With the other one at 1 of 0.5: 4 when it counts, 2 when it is taken to be idle.
      assert.equal(decideOn([...busy(1), replica]).to, counts ? 4 : 2);
    });
  }

  test('its periods can be set', () => {
    const replica = { ...young, readyChangedAt: noon - second };
    assert.equal(decideOn([...busy(1), replica], { cpuInitializationMs: minute }).to, 4);
    assert.equal(decideOn([...busy(1), replica], { windowMs: second }).to, 4);
  });
});

describe('of several metrics', () => {
  const metrics = [cpuTarget, { kind: 'in_flight', average: 10 }] as const;
  const both = (cpuCores: number, inFlight: number | undefined): Partial<ReplicaReading> => ({
    cpuCores,
    ...(inFlight !== undefined && { inFlight }),
  });

  test('the one that asks for most wins', () => {
    assert.equal(decideOn([both(1, 5), both(1, 5)], { metrics }).to, 4);
    assert.equal(decideOn([both(0.1, 30), both(0.1, 30)], { metrics }).to, 6);
    assert.match(
      decideOn([both(0.1, 30), both(0.1, 30)], { metrics }).sentence,
      /in_flight 30 of 10 asks for 6/,
    );
  });

  test('one that is not known keeps the count from falling', () => {
    const decision = decideOn([both(0.1, undefined), both(0.1, undefined)], { metrics });
    assert.deepEqual([decision.to, decision.reason], [2, 'unknown']);
    assert.match(decision.sentence, /cpu 10 % of 50 % asks for 1, but in_flight is not known/);
  });

  test('one that is not known does not keep it from growing', () => {
    assert.equal(decideOn([both(1, undefined), both(1, undefined)], { metrics }).to, 4);
  });

  test('nothing is done when none is known', () => {
    const { to, reason, sentence } = decide({ ...free, metrics }, noState, unmeasured(2)).decision;
    assert.deepEqual([to, reason], [2, 'unknown']);
    assert.match(sentence, /held at 2: cpu is not known: nothing was measured lately/);
  });
});

describe('bounds', () => {
  test('are kept, and named', () => {
    const up = decideOn(busy(5), { max: 4 });
    assert.deepEqual([up.to, up.reason], [4, 'bounds']);
    assert.equal(up.sentence, 'scaled from 1 to 4: cpu 500 % of 50 % asks for 10; max is 4');
    const down = decideOn(busy(0.01, 0.01, 0.01), { min: 2 });
    assert.deepEqual([down.to, down.reason], [2, 'bounds']);
  });

  test('a count outside of them is brought back at once, whatever the metrics say', () => {
    assert.equal(decideOn(busy(...Array.from({ length: 9 }, () => 5)), { max: 4 }).to, 4);
    assert.equal(decideOn(busy(0), { min: 3 }).to, 3);
    assert.equal(decide({ ...free, min: 30 }, noState, unmeasured(1)).decision.to, 30);
  });
});

describe('other metrics of a replica', () => {
  test('memory: a share of what was asked for, or an amount', () => {
    const mebibyte = 2 ** 20;
    const target = { kind: 'memory', averageBytes: 80 * mebibyte, utilization: 0.8, basis: 'limit' } as const;
    const decision = decideOn([{ memoryBytes: 100 * mebibyte }], { metrics: [target] });
    assert.equal(decision.sentence, 'scaled from 1 to 2: memory 100 % of 80 % asks for 2');
    const amount = { ...target, utilization: undefined, basis: undefined };
    assert.match(
      decideOn([{ memoryBytes: 100 * mebibyte }], { metrics: [amount] }).sentence,
      /memory 100 MiB of 80 MiB asks for 2/,
    );
  });

  test('requests in flight: those that wait count too', () => {
    const metrics = [{ kind: 'in_flight', average: 4 }] as const;
    const replicas = [{ inFlight: 4 }, { inFlight: 4 }];
    assert.equal(decideOn(replicas, { metrics }).to, 2);
    assert.equal(decideOn(replicas, { metrics }, { service: serviceOf(replicas, { waiting: 8 }) }).to, 4);
  });

  test('requests per second', () => {
    const metrics = [{ kind: 'requests_per_second', average: 20 }] as const;
    assert.equal(decideOn([{ requestsPerSecond: 50 }, { requestsPerSecond: 70 }], { metrics }).to, 6);
  });

  test('a replica that is not ready takes no traffic, and is set aside however old it is', () => {
    const metrics = [{ kind: 'in_flight', average: 4 }] as const;
    const decision = decideOn([{ inFlight: 8 }, { inFlight: 0, isReady: false }], { metrics });
    assert.deepEqual([decision.to, decision.reason], [2, 'on target']);
    assert.match(
      decision.sentence,
      /in_flight 8 of 4, with 1 not ready taken to be idle, asks for no change/,
    );
  });
});
