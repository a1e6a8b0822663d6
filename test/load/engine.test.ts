import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runLoad } from '../../src/load/engine/run-load.ts';
import { allLatencies } from '../../src/load/report/evaluate-thresholds.ts';
import { quickScenario } from '../../src/load/scenario/quick-scenario.ts';
import { parseScenario } from '../../src/load/scenario/read-scenario.ts';
import { answer, loadRun, runVirtually, VirtualTime, virtualServer } from './virtual-time.ts';

/** Values of a distribution at evenly spread quantiles, in an order that repeats nothing. */
function valuesOf(quantile: (share: number) => number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => quantile((((index * 7919) % count) + 0.5) / count));
}

const percents = [50, 75, 90, 95, 99, 99.9] as const;

const distributions: Readonly<Record<string, (share: number) => number>> = {
  uniform: (share) => 5 + 95 * share,
  exponential: (share) => -20 * Math.log(1 - share),
  'heavy-tailed': (share) => 3 / (1 - share) ** 0.8,
  bimodal: (share) => (share < 0.93 ? 8 + share : 750 + 100 * share),
};

describe('the open model', () => {
  for (const [name, quantile] of Object.entries(distributions)) {
    test(`reports the percentiles of a server whose times are ${name} within 1 %`, async () => {
      const values = valuesOf(quantile, 6000);
      const { recorder } = await runVirtually(
        { rate: 600, for: '10s', maxInFlight: 5000 },
        (index) => values[index] ?? 0,
      );
      const sorted = values.toSorted((a, b) => a - b);
      const latency = allLatencies(recorder);
      assert.equal(latency.count, 6000);
      for (const percent of percents) {
        const known = sorted[Math.ceil(sorted.length - sorted.length * (1 - percent / 100) - 1e-6) - 1] ?? 0;
        const got = latency.percentileMs(percent);
        assert.ok(Math.abs(got - known) / known < 0.01, `p${percent}: ${got} for ${known}`);
      }
    });
  }

  test('keeps its rate while the server stalls, and the latencies show the stall', async () => {
    // From 3 s to 5 s nothing is answered.
    const { recorder, server } = await runVirtually({ rate: 100, for: '10s' }, (_, now) =>
      now >= 3000 && now < 5000 ? 5000 - now + 5 : 5,
    );
    assert.equal(server.arrivals.length, 1000);
    const during = server.arrivals.filter((time) => time >= 3000 && time < 5000);
    assert.equal(during.length, 200);
    const latency = allLatencies(recorder);
    // A fifth of the requests came into the stall and waited for 1 s on average.
    assert.ok(latency.percentileMs(79) < 10);
    assert.ok(Math.abs(latency.percentileMs(90) - 1005) < 20, String(latency.percentileMs(90)));
    assert.ok(latency.percentileMs(99) > 1800);
    const stalled = recorder.intervals.filter(({ startMs, endMs }) => startMs >= 3000 && endMs <= 4900);
    assert.ok(stalled.length > 3);
    for (const { sent, answered, startMs, endMs } of stalled) {
      assert.equal(sent, ((endMs - startMs) * 100) / 1000);
      assert.equal(answered, 0);
    }
  });

  test('counts a request from when it was due when the machine itself was late to send it', async () => {
    const time = new VirtualTime();
    // Timers that come 300 ms late for a moment, as on a machine that has no processor time for us.
    const late = {
      now: () => time.now(),
      after: (delayMs: number, callback: () => void) =>
        time.after(delayMs + (time.now() >= 1000 && time.now() < 1010 ? 300 : 0), callback),
    };
    const running = runLoad(
      loadRun(
        quickScenario('t', { rate: 100, for: '2s' }),
        virtualServer(time, () => 5),
        late,
      ),
    );
    time.run();
    const { recorder } = await running;
    assert.equal(recorder.sent, 200);
    assert.ok(recorder.lag.maxMs >= 290);
    assert.ok(allLatencies(recorder).maxMs >= 290);
    assert.equal(recorder.fromSending.maxMs, 5);
  });

  test('sends no more than may be in flight, and counts what it dropped', async () => {
    const { recorder, server } = await runVirtually({ rate: 100, for: '2s', maxInFlight: 10 }, () => 1000);
    assert.equal(server.mostAtATime, 10);
    assert.equal(recorder.sent + recorder.dropped, 200);
    assert.equal(recorder.sent, 20);
  });

  test('lasts to the end of its schedule, so that its rate is that of the whole', async () => {
    const { recorder, elapsedMs } = await runVirtually({ rate: 1, for: '10s' }, () => 5);
    assert.deepEqual([recorder.answered, elapsedMs], [10, 10_000]);
  });

  test('waits for the last answers after the end of the schedule', async () => {
    const { recorder, elapsedMs, isInterrupted } = await runVirtually({ rate: 10, for: '1s' }, () => 4000);
    assert.deepEqual([recorder.answered, recorder.inFlight, isInterrupted], [10, 0, false]);
    assert.equal(elapsedMs, 4900);
  });
});

describe('the closed model', () => {
  test('has as many requests under way as there are users, and no more', async () => {
    const { recorder, server } = await runVirtually({ users: 7, for: '10s' }, () => 100);
    assert.equal(server.mostAtATime, 7);
    assert.equal(recorder.answered, 700);
  });

  test('follows its stages up and down', async () => {
    const scenario = parseScenario(
      'load: {users: 0, stages: [{ramp: 10s, to: 10}, {hold: 10s}, {spike: 5s, to: 20}, {ramp: 10s, to: 0}]}',
      'stages.yaml',
    );
    const { recorder } = await runVirtually(scenario, () => 90);
    const inFlightAt = (seconds: number): number =>
      recorder.intervals.find(({ endMs }) => endMs >= seconds * 1000)?.inFlight ?? -1;
    assert.ok(Math.abs(inFlightAt(5) - 5) <= 1, String(inFlightAt(5)));
    assert.equal(inFlightAt(15), 10);
    assert.equal(inFlightAt(23), 20);
    assert.ok(Math.abs(inFlightAt(30) - 5) <= 1, String(inFlightAt(30)));
    assert.equal(recorder.inFlight, 0);
  });

  test('lets users think after an answer', async () => {
    const scenario = parseScenario('load: {users: 2, for: 10s}\nthink: 900ms', 'think.yaml');
    const { recorder } = await runVirtually(scenario, () => 100);
    assert.equal(recorder.answered, 20);
  });

  test('does not hammer a target that refuses every connection', async () => {
    const { recorder } = await runVirtually(
      { users: 1, for: '10s' },
      () => 0,
      () => ({ kind: 'failure', failure: 'connection refused', reason: 'ECONNREFUSED', bytes: 0 }),
    );
    assert.ok(recorder.sent <= 101, String(recorder.sent));
    assert.deepEqual(
      [...recorder.faults],
      [['connection refused', { count: recorder.sent, example: 'ECONNREFUSED' }]],
    );
  });
});

test('requests are sent in the proportions of their weights', async () => {
  const scenario = parseScenario(
    'load: {rate: 100, for: 1s}\nrequests: [{path: /a, weight: 3}, {path: /b}, {path: /c, weight: 1}]',
    'mix.yaml',
  );
  const { recorder } = await runVirtually(scenario, () => 1);
  assert.deepEqual(
    recorder.requests.map(({ name, ended }) => [name, ended]),
    [
      ['GET /a', 60],
      ['GET /b', 20],
      ['GET /c', 20],
    ],
  );
});

test('checks on status, body, JSON and duration decide which answers failed', async () => {
  const scenario = parseScenario(
    [
      'load: {rate: 10, for: 1s}',
      'requests:',
      `  - checks: {status: [200, 3xx], body_contains: ok, json: {'$.user.tags[1]': b}, max_duration: 50ms}`,
    ].join('\n'),
    'checks.yaml',
  );
  const good = JSON.stringify({ ok: true, user: { tags: ['a', 'b'] } });
  const bodies = [good, good.replace('b', 'c'), 'ok', '{"user": {"tags": ["a", "b"]}}'];
  const { recorder } = await runVirtually(
    scenario,
    (index) => (index === 4 ? 60 : 10),
    (index) => answer({ status: index === 5 ? 500 : index === 6 ? 302 : 200, body: bodies[index] ?? good }),
  );
  assert.deepEqual(
    recorder.requests[0]?.checks.map(({ passed, failed }) => [passed, failed]),
    [
      [9, 1],
      [9, 1],
      [8, 2],
      [9, 1],
    ],
  );
  assert.equal(recorder.failed, 5);
  assert.equal(recorder.faults.get('status 500')?.count, 1);
});

test('who answered is counted by X-Served-By', async () => {
  const { recorder } = await runVirtually(
    { rate: 30, for: '1s' },
    () => 1,
    (index) => answer({ servedBy: `web-${(index % 3) + 1}` }),
  );
  assert.deepEqual(
    [...recorder.replicas].map(([name, { ended }]) => [name, ended]),
    [
      ['web-1', 10],
      ['web-2', 10],
      ['web-3', 10],
    ],
  );
});

test('a request that timed out counts with the time it took, one that was refused with none', async () => {
  const { recorder } = await runVirtually(
    { rate: 2, for: '1s' },
    (index) => (index === 0 ? 3000 : 1),
    (index) => ({
      kind: 'failure',
      failure: index === 0 ? 'timed out' : 'connection refused',
      reason: '',
      bytes: 0,
    }),
  );
  const latency = allLatencies(recorder);
  assert.deepEqual([latency.count, latency.maxMs, recorder.failed], [1, 3000, 2]);
});

test('a test that is interrupted gives what is in flight a moment, cuts off the rest and keeps its figures', async () => {
  const time = new VirtualTime();
  const stop = new AbortController();
  const server = virtualServer(time, (index) => (index === 9 ? 60_000 : 20));
  const running = runLoad(
    loadRun(quickScenario('t', { rate: 10, for: '60s' }), server, time, { stop: stop.signal }),
  );
  time.run(2000);
  stop.abort();
  time.run();
  const { recorder, isInterrupted, elapsedMs } = await running;
  assert.equal(isInterrupted, true);
  assert.ok(elapsedMs <= 3000);
  assert.deepEqual([recorder.cutOff, recorder.failed, recorder.inFlight], [1, 0, 0]);
  assert.equal(recorder.answered, recorder.sent - 1);
});
