import { formatBytes, formatCount, formatMs, formatRate, formatShare } from '../../load/report/format.ts';
import type { LatencySummary, LoadReport } from '../../load/report/load-report.ts';
import { tableOptions, type TableSurroundings } from '../render/render-services.ts';
import { renderFailures, renderObjective } from '../render/render-measured.ts';
import { renderTable, type Cell, type Column } from '../render/table.ts';

/** What a load test found, for a person. */
export function renderLoadReport(report: LoadReport, surroundings: TableSurroundings): string[] {
  const { style } = surroundings;
  return [
    `${style.bold(report.scenario)}  ${report.target}  ${style.dim(`${report.model} model, ${formatMs(report.elapsedMs)}`)}`,
    ...summaryLines(report, surroundings),
    ...replicaLines(report, surroundings),
    ...requestLines(report, surroundings),
    ...checkLines(report, surroundings),
    ...renderFailures(
      report.faults.map(({ fault, count, example }) => ({ words: fault, count, example })),
      surroundings,
    ),
    ...thresholdLines(report, surroundings),
    ...(report.remarks.length === 0 ? [] : ['']),
    ...report.remarks.map((remark) => `${style.doubtful('!')} ${remark}`),
  ];
}

function summaryLines(report: LoadReport, { style }: TableSurroundings): string[] {
  const { latencyMs, sent, answered, failed, dropped, elapsedMs } = report;
  const share = formatShare(report.failedShare);
  const failures = `${formatCount(failed)} failed (${share})`;
  const statuses = Object.entries(report.statuses).map(
    ([status, count]) => `${status} × ${formatCount(count)}`,
  );
  const line = (name: string, text: string): string => `  ${style.dim(name.padEnd(9))} ${text}`;
  return [
    line(
      'requests',
      [
        `${formatCount(sent)} sent`,
        `${formatCount(answered)} answered (${formatRate(report.answeredPerSecond)}/s)`,
        failed === 0 ? failures : style.bad(failures),
        ...(dropped === 0 ? [] : [style.doubtful(`${formatCount(dropped)} dropped`)]),
      ].join(', '),
    ),
    ...(report.distribution.length === 0
      ? []
      : [
          line(
            'latency',
            [
              `p50 ${formatMs(latencyMs.p50)}`,
              `p90 ${formatMs(latencyMs.p90)}`,
              `p95 ${formatMs(latencyMs.p95)}`,
              `p99 ${formatMs(latencyMs.p99)}`,
              `p99.9 ${formatMs(latencyMs.p999)}`,
              `max ${formatMs(latencyMs.max)}`,
              `mean ${formatMs(latencyMs.mean)}`,
            ].join(', '),
          ),
        ]),
    line(
      'transfer',
      `${formatBytes(report.bytesReceived)} received (${formatBytes((report.bytesReceived * 1000) / Math.max(1, elapsedMs))}/s), ${formatBytes(report.bytesSent)} sent`,
    ),
    ...(statuses.length === 0 ? [] : [line('status', statuses.join(', '))]),
  ];
}

const latencyColumns: readonly Column[] = ['P50', 'P95', 'P99', 'MAX'].map((title) => ({
  title,
  align: 'right',
}));

function latencyCells({ p50, p95, p99, max }: LatencySummary): Cell[] {
  return [p50, p95, p99, max].map(formatMs);
}

function replicaLines({ replicas }: LoadReport, surroundings: TableSurroundings): string[] {
  if (replicas.length === 0) return [];
  const rows = replicas.map(({ instance, answered, share, failed, latencyMs }) => [
    { text: instance, paint: surroundings.style.bold },
    formatCount(answered),
    formatShare(share),
    failedCell(failed, surroundings),
    ...latencyCells(latencyMs),
  ]);
  return section(['REPLICA', 'ANSWERS', 'SHARE', 'FAILED'], latencyColumns, rows, surroundings);
}

function requestLines({ requests }: LoadReport, surroundings: TableSurroundings): string[] {
  if (requests.length < 2) return [];
  const rows = requests.map(({ name, ended, failed, latencyMs }) => [
    { text: name, paint: surroundings.style.bold },
    formatCount(ended),
    failedCell(failed, surroundings),
    ...latencyCells(latencyMs),
  ]);
  return section(['REQUEST', 'ENDED', 'FAILED'], latencyColumns, rows, surroundings);
}

/** Only what somebody asked for, or what failed. */
function checkLines({ requests }: LoadReport, surroundings: TableSurroundings): string[] {
  const rows = requests.flatMap(({ name, checks }) =>
    checks
      .filter(({ check, failed }) => checks.length > 1 || failed > 0 || check !== 'status below 400')
      .map(({ check, passed, failed }) => [
        name,
        check,
        formatCount(passed),
        failedCell(failed, surroundings),
      ]),
  );
  if (rows.length === 0) return [];
  return section(
    ['CHECK OF', 'CHECK'],
    [
      { title: 'PASSED', align: 'right' },
      { title: 'FAILED', align: 'right' },
    ],
    rows,
    surroundings,
    2,
  );
}

function thresholdLines({ thresholds }: LoadReport, { style }: TableSurroundings): string[] {
  if (thresholds.length === 0) return [];
  return ['', ...thresholds.map((objective) => renderObjective(objective, style))];
}

function section(
  titles: readonly string[],
  more: readonly Column[],
  rows: readonly (readonly Cell[])[],
  surroundings: TableSurroundings,
  leftColumns = 1,
): string[] {
  const columns = titles.map((title, index): Column =>
    index < leftColumns ? { title } : { title, align: 'right' },
  );
  return ['', ...renderTable([...columns, ...more], rows, tableOptions(surroundings))];
}

function failedCell(failed: number, { style }: TableSurroundings): Cell {
  return { text: formatCount(failed), paint: failed > 0 ? style.bad : style.dim };
}
