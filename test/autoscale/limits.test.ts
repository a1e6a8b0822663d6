import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decide } from '../../src/autoscale/decide.ts';
import { downLimit, upLimit } from '../../src/autoscale/limits/rate.ts';
import { stabilise } from '../../src/autoscale/limits/stabilise.ts';
import { noState, type AutoscaleState, type ScalingEvent } from '../../src/autoscale/state.ts';
import type { AutoscalePolicy, RatePolicy, ScalingRules } from '../../src/model/autoscale.ts';
import { busy, defaultDown, defaultUp, inputOf, minute, noon, policyOf, second } from './samples.ts';

/** Decides once a sync with the same load for each replica count, and says what came of it. */
function run(
  policy: AutoscalePolicy,
  replicas: number,
  loads: readonly number[],
  everyMs = 15 * second,
): { readonly counts: number[]; readonly sentences: string[] } {
  let state: AutoscaleState = noState;
  let current = replicas;
  const counts: number[] = [];
  const sentences: string[] = [];
  for (const [step, load] of loads.entries()) {
    const each = busy(...Array.from({ length: current }, () => load / current));
    const decided = decide(policy, state, inputOf(each, { now: noon + step * everyMs }));
    state = decided.state;
    current = decided.decision.to;
    counts.push(current);
    sentences.push(decided.decision.sentence);
  }
  return { counts, sentences };
}

const repeat = (load: number, times: number): number[] => Array.from({ length: times }, () => load);

describe('the default behavior', () => {
  test('scales up at once, by 4 replicas or to twice as many in 15 s, whichever is more', () => {
    const { counts, sentences } = run(policyOf({ max: 100 }), 1, repeat(40, 7));
    assert.deepEqual(counts, [5, 10, 20, 40, 80, 80, 80]);
    assert.equal(
      sentences[0],
      'scaled from 1 to 5: cpu 4000 % of 50 % asks for 80; scale_up allows 5 for now (4 in 15 s, 100 % in 15 s)',
    );
  });

  test('counts what was added in the period before', () => {
    assert.deepEqual(run(policyOf({ max: 100 }), 1, repeat(40, 5), 5 * second).counts, [5, 5, 5, 10, 10]);
  });

  test('scales down to anything, five minutes after the last look that wanted more', () => {
    const { counts, sentences } = run(policyOf(), 4, [2, ...repeat(0.1, 22)]);
    assert.deepEqual(counts, [...repeat(4, 20), ...repeat(1, 3)]);
    assert.equal(sentences[1], 'held at 4: cpu 2.5 % of 50 % asks for 1; scale-down waits 285 s more');
    assert.equal(sentences[20], 'scaled from 4 to 1: cpu 2.5 % of 50 % asks for 1');
  });

  test('goes down to the highest that any look of the window wanted', () => {
    const { counts } = run(policyOf(), 4, [2, ...repeat(0.9, 10), ...repeat(0.1, 20)]);
    assert.deepEqual([counts[19], counts[20], counts[29], counts[30]], [4, 2, 2, 1]);
  });

  test('a load that comes and goes does not move the count', () => {
    const { counts } = run(
      policyOf(),
      1,
      Array.from({ length: 60 }, (_, step) => (step % 4 === 0 ? 2 : 0.5)),
    );
    assert.deepEqual(new Set(counts), new Set([4]));
  });
});

describe('stabilization windows', () => {
  const rules = { scaleUp: { ...defaultUp, stabilizationMs: minute }, scaleDown: defaultDown };
  const before = (...replicas: number[]) =>
    replicas.map((count, index) => ({ at: noon - (replicas.length - index) * 15 * second, replicas: count }));

  test('up: the lowest recommendation of the window counts', () => {
    assert.deepEqual(stabilise(9, 3, before(9, 5, 9), rules, noon), {
      replicas: 5,
      until: noon + 30 * second,
    });
    assert.equal(stabilise(9, 3, before(2, 9, 9), rules, noon).replicas, 3);
    assert.equal(stabilise(9, 3, before(9, 9, 9), rules, noon).replicas, 9);
  });

  test('down: the highest one', () => {
    assert.equal(stabilise(1, 6, before(4, 3, 2), rules, noon).replicas, 4);
    assert.equal(stabilise(1, 6, before(9, 3, 2), rules, noon).replicas, 6);
  });

  test('what is as old as the window is out of it', () => {
    const old = [{ at: noon - 5 * minute, replicas: 9 }];
    assert.equal(stabilise(1, 6, old, rules, noon).replicas, 1);
  });

  test('holds a wave of starts back', () => {
    const policy = policyOf({ ...rules });
    assert.deepEqual(run(policy, 1, [0.5, 2, 2, 2, 2, 2]).counts, [1, 1, 1, 1, 4, 4]);
  });
});

describe('rate policies', () => {
  const up = (fields: Partial<ScalingRules>): ScalingRules => ({ ...defaultUp, ...fields });
  const pods = (value: number, periodMs = minute): RatePolicy => ({ type: 'Pods', value, periodMs });
  const percent = (value: number, periodMs = minute): RatePolicy => ({ type: 'Percent', value, periodMs });
  const events = (...changes: readonly (readonly [ageMs: number, change: number])[]): ScalingEvent[] =>
    changes.map(([ageMs, change]) => ({ at: noon - ageMs, change }));

  const rows: readonly (readonly [
    string,
    number,
    ScalingRules,
    readonly ScalingEvent[],
    up: number,
    down: number,
  ])[] = [
    ['by pods', 10, up({ policies: [pods(3)] }), [], 13, 7],
    ['by percent, rounded to the larger change', 15, up({ policies: [percent(10)] }), [], 17, 13],
    ['by a percentage that comes out whole', 10, up({ policies: [percent(10)] }), [], 11, 9],
    ['the larger of two', 80, up({ policies: [pods(4), percent(10)] }), [], 88, 72],
    ['the larger of two, of a few', 10, up({ policies: [pods(4), percent(10)] }), [], 14, 6],
    ['the smaller of two', 80, up({ policies: [pods(4), percent(10)], selectPolicy: 'Min' }), [], 84, 76],
    ['none', 10, up({ policies: [pods(4)], selectPolicy: 'Disabled' }), [], 10, 10],
    ['less what the period added', 10, up({ policies: [pods(3)] }), events([30_000, 2]), 11, 5],
    ['less what the period removed', 10, up({ policies: [pods(3)] }), events([30_000, -2]), 15, 9],
    [
      'nothing once the period has had its share',
      10,
      up({ policies: [pods(3)] }),
      events([1, 3], [2, 1]),
      10,
      3,
    ],
    ['anew after the period', 10, up({ policies: [pods(3)] }), events([60_000, 3]), 13, 7],
    ['each by its own period', 10, up({ policies: [pods(5), pods(2, 15_000)] }), events([30_000, 5]), 12, 0],
    ['from nothing by pods', 0, up({ policies: [pods(4), percent(100)] }), [], 4, -4],
  ];
  for (const [what, current, rules, before, most, least] of rows) {
    test(`${what}: ${current} → up to ${most}, down to ${least}`, () => {
      assert.equal(upLimit(current, rules, before, noon), most);
      assert.equal(downLimit(current, rules, before, noon), least);
    });
  }

  test('one pod every ten seconds', () => {
    const policy = policyOf({
      scaleDown: { ...defaultDown, stabilizationMs: 0, policies: [pods(1, 10 * second)] },
    });
    const { counts, sentences } = run(policy, 5, repeat(0.1, 5), 5 * second);
    assert.deepEqual(counts, [4, 4, 3, 3, 2]);
    assert.match(sentences[1] ?? '', /^held at 4: .* asks for 1; scale_down allows 4 for now \(1 in 10 s\)$/);
  });

  test('disabled says so', () => {
    const policy = policyOf({ scaleUp: up({ selectPolicy: 'Disabled' }) });
    const { decision } = decide(policy, noState, inputOf(busy(2)));
    assert.deepEqual([decision.to, decision.reason], [1, 'disabled']);
    assert.equal(decision.sentence, 'held at 1: cpu 200 % of 50 % asks for 4; scale_up is disabled');
  });
});

describe('what a decision leaves behind', () => {
  test('is bounded by the longest window', () => {
    let state: AutoscaleState = noState;
    for (let step = 0; step < 1_000; step += 1)
      ({ state } = decide(policyOf(), state, inputOf(busy(0.5), { now: noon + step * 15 * second })));
    assert.equal(state.recommendations.length, 20);
  });

  test('survives a file', () => {
    const { state } = decide(policyOf(), noState, inputOf(busy(2)));
    assert.deepEqual(JSON.parse(JSON.stringify(state)), state);
    assert.deepEqual(state, {
      recommendations: [{ at: noon, replicas: 4 }],
      events: [{ at: noon, change: 3 }],
    });
  });
});
