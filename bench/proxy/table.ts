import type { Figures, IdleMemory } from './measure.ts';
import { baseline } from './systems.ts';

const columns = [
  'system',
  'CPU µs/request',
  'ratio',
  'requests/s',
  'ratio',
  'p50 ms',
  'p99 ms',
  'RSS MiB',
  'failed',
];

/** One row for each system; the ratios are to nginx with kept upstream connections, where it ran. */
export function formatTable(figures: readonly Figures[]): string {
  const base = figures.find(({ system }) => system === baseline);
  const rows = figures.map((row) => [
    row.system,
    row.cpuUsPerRequest.toFixed(1),
    ratio(row.cpuUsPerRequest, base?.cpuUsPerRequest),
    row.requestsPerSecond.toFixed(0),
    ratio(row.requestsPerSecond, base?.requestsPerSecond),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    row.rssMb.toFixed(0),
    String(row.failures),
  ]);
  return align([columns, ...rows]);
}

export function formatIdle(found: ReadonlyMap<string, IdleMemory>): string {
  const rows = Array.from(found, ([system, { beforeMb, heldMb, heldOwnMb }]) => [
    system,
    beforeMb.toFixed(0),
    heldMb?.toFixed(0) ?? 'refused',
    heldOwnMb?.toFixed(0) ?? 'refused',
  ]);
  return align([['system', 'RSS MiB at rest', 'RSS MiB with them', 'PSS MiB with them'], ...rows]);
}

function ratio(value: number, base: number | undefined): string {
  return base === undefined ? '–' : (value / base).toFixed(2);
}

function align(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}
