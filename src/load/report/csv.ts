import type { LoadReport } from './load-report.ts';

const columns = [
  'start_s',
  'end_s',
  'level',
  'sent',
  'answered',
  'failed',
  'dropped',
  'in_flight',
  'answered_per_s',
  'p50_ms',
  'p95_ms',
  'p99_ms',
  'max_ms',
  'bytes',
] as const;

/** The course of the test, a row for each stretch (RFC 4180). */
export function renderCsv({ intervals }: LoadReport): string {
  const rows = intervals.map((row) => [
    row.startMs / 1000,
    row.endMs / 1000,
    row.level,
    row.sent,
    row.answered,
    row.failed,
    row.dropped,
    row.inFlight,
    (row.answered * 1000) / (row.endMs - row.startMs),
    row.p50Ms,
    row.p95Ms,
    row.p99Ms,
    row.maxMs,
    row.bytes,
  ]);
  const lines = [columns.join(','), ...rows.map((row) => row.map(cell).join(','))];
  return lines.map((line) => `${line}\r\n`).join('');
}

function cell(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}
