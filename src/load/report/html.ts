import { escapeHtml } from '../../shared/escape-html.ts';
import {
  renderCards,
  renderHtmlPage,
  renderHtmlTable,
  renderSection,
  type HtmlCell,
} from '../plot/html-page.ts';
import { renderLinePlot, type Point, type Series } from '../plot/line-plot.ts';
import { formatBytes, formatCount, formatMs, formatRate, formatShare } from './format.ts';
import type { LatencySummary, LoadReport } from './load-report.ts';

/** The report as one page that can be kept, sent and opened anywhere. */
export function renderLoadHtml(report: LoadReport): string {
  return renderHtmlPage({
    title: `Load test: ${report.scenario}`,
    subtitle: `${report.target} · ${report.model} model · ${new Date(report.startedAt).toISOString().slice(0, 19).replace('T', ' ')} UTC · ${formatMs(report.elapsedMs)}`,
    sections: [
      renderCards([
        [formatCount(report.sent), 'requests'],
        [`${formatRate(report.answeredPerSecond)}/s`, 'answered'],
        [formatShare(report.failedShare), 'failed'],
        [formatMs(report.latencyMs.p50), 'p50'],
        [formatMs(report.latencyMs.p95), 'p95'],
        [formatMs(report.latencyMs.p99), 'p99'],
        [formatMs(report.latencyMs.max), 'slowest'],
        [formatBytes(report.bytesReceived), 'received'],
      ]),
      report.remarks.map((remark) => `<p class="bad">${escapeHtml(remark)}</p>`).join('\n'),
      renderSection('Thresholds', thresholdTable(report)),
      `<section class="plots">${plots(report).join('\n')}</section>`,
      renderSection('Answers by replica', replicaTable(report)),
      renderSection('Requests', requestTable(report)),
      renderSection('Checks', checkTable(report)),
      renderSection('Failures', faultTable(report)),
      renderSection('Course', courseTable(report)),
    ],
    data: report,
  });
}

function plots(report: LoadReport): string[] {
  const { intervals, model } = report;
  const seconds = (row: (typeof intervals)[number]): number => row.endMs / 1000;
  // The last stretch may be a moment only, in which a single answer would make a rate of thousands.
  const usualMs = Math.max(0, ...intervals.map(({ startMs, endMs }) => endMs - startMs));
  const wholeIntervals = intervals.filter(({ startMs, endMs }) => endMs - startMs > usualMs / 2);
  const perSecond = (pick: (row: (typeof intervals)[number]) => number): Point[] =>
    wholeIntervals.map((row) => [seconds(row), (pick(row) * 1000) / (row.endMs - row.startMs)]);
  const latency = (pick: (row: (typeof intervals)[number]) => number): Point[] =>
    intervals.filter(({ answered }) => answered > 0).map((row) => [seconds(row), pick(row)]);
  const formatX = (x: number): string => formatMs(x * 1000);
  const course: Series[] = [
    ...(model === 'open'
      ? [
          {
            name: 'sent',
            look: 'dashes',
            colour: 2,
            points: perSecond(({ sent, dropped }) => sent + dropped),
          } satisfies Series,
        ]
      : []),
    { name: 'answered', look: 'line', colour: 1, points: perSecond(({ answered }) => answered) },
    { name: 'failed', look: 'line', colour: 3, points: perSecond(({ failed }) => failed) },
  ];
  const values = latency(({ p50Ms }) => p50Ms).map(([, y]) => y);
  const highest = Math.max(0, ...intervals.map(({ p99Ms }) => p99Ms));
  return [
    renderLinePlot({ title: 'Requests per second', series: course, formatX, formatY: formatRate }),
    renderLinePlot({
      title: 'Latency',
      series: [
        { name: 'p50', look: 'line', colour: 1, points: latency(({ p50Ms }) => p50Ms) },
        { name: 'p95', look: 'line', colour: 2, points: latency(({ p95Ms }) => p95Ms) },
        { name: 'p99', look: 'line', colour: 3, points: latency(({ p99Ms }) => p99Ms) },
      ],
      formatX,
      formatY: formatMs,
      isLog: highest > 30 * Math.max(0.001, Math.min(...values)),
    }),
    renderLinePlot({
      title: 'Latency by percentile',
      series: [{ name: 'all answers', look: 'line', colour: 1, points: percentilePoints(report) }],
      formatX: (x) => `p${Number((100 - 10 ** (2 - x)).toFixed(3))}`,
      formatY: formatMs,
      xTicks: [0, 1, 2, 3, 4],
      isLog: report.latencyMs.max > 30 * Math.max(0.001, report.latencyMs.min),
    }),
    renderLinePlot({
      title: model === 'open' ? 'In flight' : 'Users and requests in flight',
      series: [
        {
          name: 'in flight',
          look: 'line',
          colour: 1,
          points: intervals.map((row) => [seconds(row), row.inFlight]),
        },
        ...(model === 'closed'
          ? [
              {
                name: 'users',
                look: 'dashes',
                colour: 2,
                points: intervals.map((row) => [seconds(row), row.level]),
              } satisfies Series,
            ]
          : []),
      ],
      formatX,
      formatY: formatCount,
    }),
  ];
}

/** Each further nine is as wide as the one before. */
function percentilePoints({ distribution }: LoadReport): Point[] {
  return distribution
    .filter(({ percent }) => percent < 100)
    .map(({ percent, latencyMs }) => [2 - Math.log10(100 - percent), latencyMs]);
}

const latencyColumns = ['p50', 'p95', 'p99', 'slowest'].map((title) => ({ title, isNumber: true }));

function latencyCells({ p50, p95, p99, max }: LatencySummary): string[] {
  return [p50, p95, p99, max].map(formatMs);
}

function thresholdTable({ thresholds }: LoadReport): string {
  return renderHtmlTable(
    [{ title: 'threshold' }, { title: 'measured', isNumber: true }, { title: '' }],
    thresholds.map(({ text, got, isMet }) => [
      text,
      got,
      isMet ? { text: 'met', className: 'good' } : { text: 'not met', className: 'bad' },
    ]),
  );
}

function replicaTable({ replicas }: LoadReport): string {
  return renderHtmlTable(
    [
      { title: 'replica' },
      { title: 'answers', isNumber: true },
      { title: 'share', isNumber: true },
      { title: 'failed', isNumber: true },
      ...latencyColumns,
    ],
    replicas.map(({ instance, answered, share, failed, latencyMs }) => [
      instance,
      formatCount(answered),
      formatShare(share),
      failedCell(failed),
      ...latencyCells(latencyMs),
    ]),
  );
}

function requestTable({ requests }: LoadReport): string {
  return renderHtmlTable(
    [
      { title: 'request' },
      { title: 'ended', isNumber: true },
      { title: 'failed', isNumber: true },
      ...latencyColumns,
    ],
    requests.map(({ name, ended, failed, latencyMs }) => [
      name,
      formatCount(ended),
      failedCell(failed),
      ...latencyCells(latencyMs),
    ]),
  );
}

function checkTable({ requests }: LoadReport): string {
  return renderHtmlTable(
    [
      { title: 'request' },
      { title: 'check' },
      { title: 'passed', isNumber: true },
      { title: 'failed', isNumber: true },
    ],
    requests.flatMap(({ name, checks }) =>
      checks.map(({ check, passed, failed }) => [name, check, formatCount(passed), failedCell(failed)]),
    ),
  );
}

function faultTable({ faults }: LoadReport): string {
  return renderHtmlTable(
    [{ title: 'what' }, { title: 'times', isNumber: true }, { title: 'for example' }],
    faults.map(({ fault, count, example }) => [fault, formatCount(count), example ?? '']),
  );
}

function courseTable({ intervals }: LoadReport): string {
  const columns = [
    'until',
    'sent',
    'answered',
    'failed',
    'dropped',
    'in flight',
    'p50',
    'p95',
    'p99',
    'slowest',
  ];
  const table = renderHtmlTable(
    columns.map((title) => ({ title, isNumber: true })),
    intervals.map((row) => [
      formatMs(row.endMs),
      ...[row.sent, row.answered].map(formatCount),
      failedCell(row.failed),
      ...[row.dropped, row.inFlight].map(formatCount),
      ...[row.p50Ms, row.p95Ms, row.p99Ms, row.maxMs].map(formatMs),
    ]),
  );
  return table === '' ? '' : `<details><summary>${intervals.length} rows</summary>${table}</details>`;
}

function failedCell(failed: number): HtmlCell {
  return failed === 0 ? '0' : { text: formatCount(failed), className: 'bad' };
}
