import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { array, assert as assertProperty, constantFrom, integer, property } from 'fast-check';
import { afterCheck, beginHealth, checkDelayMs } from '../../src/health/health-state.ts';
import type { HealthState, HealthTiming } from '../../src/health/health-state.ts';

const timing: HealthTiming = { intervalMs: 10_000, startPeriodMs: 5_000, startIntervalMs: 1_000, retries: 3 };
const startedAt = 100_000;

/** The state after one check for each word, `P` passed and `f` failed, a second apart from the given one on. */
function after(checks: string, fromMs = 1_000, policy = timing): HealthState {
  return checks.split('').reduce(
    (state, check, at) => {
      const now = startedAt + fromMs + at * 1_000;
      return afterCheck(
        state,
        { isPassed: check === 'P', output: check, startedAt: now },
        policy,
        startedAt,
        now,
      );
    },
    beginHealth('starting', startedAt),
  );
}

describe('a health state', () => {
  test('is starting until a check has passed', () => {
    assert.equal(after('').health, 'starting');
    assert.equal(after('ff').health, 'starting');
    assert.equal(after('ffP').health, 'healthy');
  });

  test('forgives failures within the start period', () => {
    assert.equal(after('ffff').health, 'starting');
    assert.equal(after('ffff').failures, 0);
  });

  test('counts failures after the start period', () => {
    assert.equal(after('ff', 5_000).health, 'starting');
    assert.equal(after('fff', 5_000).health, 'unhealthy');
  });

  test('counts failures within the start period once a check has passed', () => {
    assert.equal(after('Pff').health, 'healthy');
    assert.equal(after('Pfff').health, 'unhealthy');
  });

  test('forgets failures at the first pass', () => {
    assert.equal(after('PffPff').health, 'healthy');
    assert.equal(after('PfffP').health, 'healthy');
  });

  test('judges a check by when it began, not by when it answered', () => {
    const begun = beginHealth('starting', startedAt);
    const result = { isPassed: false, output: '', startedAt: startedAt + 4_999 };
    assert.equal(afterCheck(begun, result, timing, startedAt, startedAt + 9_000).failures, 0);
  });

  test('knows since when it is so, and what the last check said', () => {
    const state = after('PPPf');
    assert.equal(state.since, startedAt + 1_000);
    assert.equal(state.lastOutput, 'f');
  });

  test('takes one failure as enough when no retries are allowed', () => {
    assert.equal(after('f', 5_000, { ...timing, retries: 0 }).health, 'unhealthy');
  });

  test('is unhealthy after a pass exactly when the last failures are as many as the retries', () => {
    assertProperty(
      property(array(constantFrom('P', 'f')), integer({ min: 1, max: 6 }), (checks, retries) => {
        const text = `P${checks.join('')}`;
        const failuresAtEnd = text.length - text.lastIndexOf('P') - 1;
        const { health } = after(text, 1_000, { ...timing, retries });
        assert.equal(health, failuresAtEnd >= retries ? 'unhealthy' : 'healthy');
      }),
    );
  });
});

describe('the time to the next check', () => {
  const starting = beginHealth('starting', startedAt);

  test('is the start interval within the start period', () => {
    assert.equal(checkDelayMs(starting, timing, startedAt, startedAt + 4_999), 1_000);
    assert.equal(checkDelayMs(starting, timing, startedAt, startedAt + 5_000), 10_000);
  });

  test('is the interval as soon as it is healthy', () => {
    assert.equal(checkDelayMs(beginHealth('healthy', startedAt), timing, startedAt, startedAt + 1), 10_000);
  });
});
