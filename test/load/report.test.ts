import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildReport } from '../../src/load/report/build-report.ts';
import { renderCsv } from '../../src/load/report/csv.ts';
import { renderLoadHtml } from '../../src/load/report/html.ts';
import type { LoadReport } from '../../src/load/report/load-report.ts';
import { parseScenario } from '../../src/load/scenario/read-scenario.ts';
import { distinctTicks, linearTicks, logTicks } from '../../src/load/plot/ticks.ts';
import { answer, runVirtually } from './virtual-time.ts';

/** 20 s at 50 requests per second with answers of 1 to 200 ms by three replicas, some of them failing. */
async function sampleReport(): Promise<LoadReport> {
  const scenario = parseScenario(
    'name: "</script><b>evil & co"\nload: {rate: 50, for: 20s}\nthresholds: [p99<1s, failed<1%]',
    'evil.yaml',
  );
  const measurement = await runVirtually(
    scenario,
    (index) => (index % 200) + 1,
    (index) => answer({ status: index % 50 === 0 ? 503 : 200, servedBy: `web-${(index % 3) + 1}` }),
  );
  return buildReport(measurement, {
    scenario,
    target: 'http://localhost:8080',
    startedAt: Date.UTC(2026, 10, 22, 12),
    cpuMicros: 5000,
  });
}

function embeddedJson(html: string): unknown {
  const text = /<script type="application\/json" id="report">(.*)<\/script>/s.exec(html)?.[1] ?? '';
  return JSON.parse(text);
}

describe('the report', () => {
  test('adds up: every request is in the intervals, the replicas, the statuses and the requests', async () => {
    const report = await sampleReport();
    const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
    assert.equal(report.sent, 1000);
    assert.equal(sum(report.intervals.map(({ sent }) => sent)), 1000);
    assert.equal(sum(report.intervals.map(({ answered }) => answered)), 1000);
    assert.equal(sum(report.replicas.map(({ answered }) => answered)), 1000);
    assert.equal(sum(report.replicas.map(({ failed }) => failed)), report.failed);
    assert.ok(Math.abs(sum(report.replicas.map(({ share }) => share)) - 1) < 1e-9);
    assert.deepEqual(report.statuses, { 200: 980, 503: 20 });
    assert.equal(report.failedShare, 0.02);
    assert.deepEqual(report.faults, [{ fault: 'status 503', count: 20 }]);
    assert.equal(report.bytesReceived, 100_000);
    assert.deepEqual(
      report.thresholds.map(({ isMet }) => isMet),
      [true, false],
    );
  });

  test('survives JSON unchanged', async () => {
    const report = await sampleReport();
    assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
  });

  test('says what must be known to read it: dropped requests, and that nothing was answered', async () => {
    const scenario = parseScenario('load: {rate: 100, for: 1s}\nmax_in_flight: 5', 'x.yaml');
    const dropping = await runVirtually(scenario, () => 5000);
    const remarks = buildReport(dropping, { scenario, target: '', startedAt: 0, cpuMicros: 0 }).remarks;
    assert.match(remarks.join(), /^95 requests \(95 %\) were due and not sent, because 5 were in flight/);
  });
});

describe('the HTML report', () => {
  test('holds the data, a plot of each kind with its points, and the tables', async () => {
    const report = await sampleReport();
    const html = renderLoadHtml(report);
    assert.deepEqual(embeddedJson(html), report);
    for (const title of ['Requests per second', 'Latency', 'Latency by percentile', 'In flight']) {
      assert.ok(html.includes(`<figcaption>${title}</figcaption>`), title);
    }
    const lines = [...html.matchAll(/<polyline class="[^"]+" points="([^"]+)"/g)].map(([, points = '']) =>
      points.split(' '),
    );
    assert.equal(lines.length, 8);
    // A last moment after the schedule has latencies, but no rate.
    const { length } = report.intervals;
    assert.ok(lines.slice(3, 6).every((points) => points.length === length));
    assert.ok(lines.slice(0, 3).every((points) => points.length >= length - 1));
    const places = lines.flat().map((point) => point.split(',').map(Number));
    assert.ok(places.every(([x = -1, y = -1]) => x >= 0 && x <= 360 && y >= 0 && y <= 210));
    assert.ok(!/NaN|Infinity|undefined/.test(html.replace(/<script.*<\/script>/s, '')));
    for (const word of ['web-1', 'web-2', 'web-3', 'status 503', 'p99&lt;1s', 'not met'])
      assert.ok(html.includes(word), word);
  });

  test('is one file that asks nobody for anything, and nothing in the data can end its script', async () => {
    const html = renderLoadHtml(await sampleReport());
    assert.ok(!/(?:src|href)=|url\(|@import/.test(html));
    assert.equal(html.split('</script>').length, 2);
    assert.ok(html.includes('&lt;/script&gt;&lt;b&gt;evil &amp; co'));
    assert.match(html, /prefers-color-scheme: dark/);
    assert.match(html, /name="viewport"/);
  });

  test('of a test without any answer has no plot of latencies and no holes', async () => {
    const scenario = parseScenario('load: {rate: 5, for: 1s}', 'x.yaml');
    const measurement = await runVirtually(
      scenario,
      () => 1,
      () => ({
        kind: 'failure',
        failure: 'connection refused',
        reason: 'ECONNREFUSED',
        bytes: 0,
      }),
    );
    const html = renderLoadHtml(
      buildReport(measurement, { scenario, target: 'x', startedAt: 0, cpuMicros: 0 }),
    );
    assert.ok(!html.includes('<figcaption>Latency</figcaption>'));
    assert.ok(!/NaN|Infinity|undefined/.test(html));
  });
});

test('the CSV has a row for each stretch of the test, with the same columns everywhere', async () => {
  const report = await sampleReport();
  const lines = renderCsv(report).trimEnd().split('\r\n');
  assert.equal(lines.length, report.intervals.length + 1);
  assert.match(lines[0] ?? '', /^start_s,end_s,level,sent,answered,failed,dropped,in_flight,/);
  const counts = lines.map((line) => line.split(',').length);
  assert.deepEqual(new Set(counts), new Set([14]));
  const sent = lines.slice(1).reduce((sum, line) => sum + Number(line.split(',')[3]), 0);
  assert.equal(sent, 1000);
});

test('ticks that look alike are drawn once, at the value that they name', () => {
  const whole = (tick: number): string => tick.toFixed(0);
  assert.deepEqual(distinctTicks([1, 1.5, 2, 2.5, 3], whole), [1, 2, 3]);
  assert.deepEqual(distinctTicks([0, 0.25, 0.5, 0.75, 1], whole), [0, 1]);
  assert.deepEqual(distinctTicks([0, 50, 100], whole), [0, 50, 100]);
});

test('axes have round marks that enclose the data', () => {
  assert.deepEqual(linearTicks(0, 187, 4), [0, 50, 100, 150, 200]);
  assert.deepEqual(linearTicks(0, 0, 4), [0, 0.25, 0.5, 0.75, 1]);
  assert.deepEqual(linearTicks(0, 0.9, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(logTicks(3, 180), [2, 5, 10, 20, 50, 100, 200]);
  assert.deepEqual(logTicks(0.5, 4000), [0.1, 1, 10, 100, 1000, 10_000]);
});
