import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { evaluateThresholds } from '../../src/load/report/evaluate-thresholds.ts';
import { quickThresholds } from '../../src/load/scenario/quick-scenario.ts';
import { parseScenario } from '../../src/load/scenario/read-scenario.ts';
import { parseThreshold } from '../../src/load/scenario/threshold.ts';
import { isTenfoldError } from '../../src/shared/errors.ts';
import { answer, runVirtually } from './virtual-time.ts';

/** 100 requests in 10 s of 1 … 100 ms to /a, and 100 of 500 ms to /b, of which 10 get a 503. */
async function verdicts(...texts: string[]): Promise<Record<string, string>> {
  const scenario = parseScenario(
    'load: {rate: 20, for: 10s}\nrequests: [{name: a, path: /a}, {name: b, path: /b}]',
    'two.yaml',
  );
  const { recorder, elapsedMs } = await runVirtually(
    scenario,
    (index) => (index % 2 === 0 ? index / 2 + 1 : 500),
    (index) => answer({ status: index % 20 === 19 ? 503 : 200 }),
  );
  const results = evaluateThresholds(quickThresholds(texts), recorder, elapsedMs);
  return Object.fromEntries(
    results.map(({ text, isMet, got }) => [text, `${isMet ? 'met' : 'missed'}: ${got}`]),
  );
}

describe('thresholds', () => {
  test('compare percentiles, extremes and the mean of all requests or of one', async () => {
    assert.deepEqual(
      await verdicts('p95<1s', 'p99 < 250ms', 'p50(a)<=51ms', 'max(a) < 0.1s', 'min(b)>=400ms', 'mean<300ms'),
      {
        'p95<1s': 'met: 500 ms',
        'p99 < 250ms': 'missed: 500 ms',
        'p50(a)<=51ms': 'met: 50 ms',
        'max(a) < 0.1s': 'missed: 100 ms',
        'min(b)>=400ms': 'met: 500 ms',
        'mean<300ms': 'met: 275 ms',
      },
    );
  });

  test('compare failures as a share and as a count, the rate, and the number of requests', async () => {
    assert.deepEqual(
      await verdicts(
        'failed<1%',
        'failed(a)<1%',
        'failed<=10',
        'rate>19',
        'rate(b)>19',
        'requests>=200',
        'dropped<1',
      ),
      {
        'failed<1%': 'missed: 5 %',
        'failed(a)<1%': 'met: 0 %',
        'failed<=10': 'met: 10',
        'rate>19': 'met: 19.1/s',
        'rate(b)>19': 'missed: 9.57/s',
        'requests>=200': 'met: 200',
        'dropped<1': 'met: 0',
      },
    );
  });

  test('on a latency are not met when nothing was answered', async () => {
    const { recorder, elapsedMs } = await runVirtually(
      { rate: 10, for: '1s' },
      () => 1,
      () => ({ kind: 'failure', failure: 'connection refused', reason: '', bytes: 0 }),
    );
    const [latency, failed] = evaluateThresholds(
      quickThresholds(['p99<10s', 'failed<50%']),
      recorder,
      elapsedMs,
    );
    assert.deepEqual([latency?.isMet, latency?.got], [false, 'no answer']);
    assert.deepEqual([failed?.isMet, failed?.got], [false, '100 %']);
  });

  const wrong = [
    'p99<250',
    'p101<1s',
    'p99',
    'failed<1ms',
    'rate>100%',
    'speed>3',
    'p99 = 3ms',
    'p95()<1s',
    'dropped(a)<1',
    '< 3',
  ];
  test('that mean nothing are refused, with what one looks like', () => {
    for (const text of wrong) {
      assert.equal(parseThreshold(text), undefined, text);
      assert.throws(
        () => quickThresholds([text]),
        (thrown) => isTenfoldError(thrown, 'usage'),
      );
    }
  });
});
