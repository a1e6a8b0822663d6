import type { MetricsPoint, MetricsReply, TrafficFigures } from '../../daemon/metrics-api.ts';
import { tableOptions, type TableSurroundings } from '../render/render-services.ts';
import { type Cell, type Column, renderTable } from '../render/table.ts';

const columns: readonly Column[] = [
  { title: 'SERVICE' },
  { title: 'REPLICA' },
  { title: 'READY' },
  { title: 'REQ/S', align: 'right' },
  { title: 'FAILED/S', align: 'right' },
  { title: 'P50', align: 'right', dropRank: 2 },
  { title: 'P95', align: 'right' },
  { title: 'P99', align: 'right', dropRank: 3 },
  { title: 'IN FLIGHT', align: 'right', dropRank: 4 },
  { title: 'CPU', align: 'right' },
  { title: 'MEMORY', align: 'right' },
  { title: 'REVISION', dropRank: 1 },
];

/** A line for each service, and one for each of its replicas. */
export function renderMetrics(reply: MetricsReply, surroundings: TableSurroundings): string[] {
  const { style } = surroundings;
  const rows = reply.services.flatMap(({ service, points }): Cell[][] => {
    const point = points.at(-1);
    if (point === undefined) return [];
    const ready = point.ready < point.desired ? style.doubtful : style.good;
    return [
      [
        { text: service, paint: style.bold },
        '',
        { text: `${point.ready}/${point.desired}`, paint: ready },
        ...figureCells(point, surroundings),
        waitingOf(point),
      ],
      ...(point.replicas ?? []).map((replica): Cell[] => [
        '',
        replica.instance,
        replica.isReady ? { text: 'yes', paint: style.good } : { text: 'no', paint: style.doubtful },
        ...figureCells(replica, surroundings),
        { text: replica.revision.slice(0, 8), paint: style.dim },
      ]),
    ];
  });
  if (rows.length > 0) return renderTable(columns, rows, tableOptions(surroundings));
  return ['nothing was measured yet; a sample is taken every second while a stack runs'];
}

function waitingOf({ waiting }: MetricsPoint): string {
  return waiting === 0 ? '' : `${waiting} waiting`;
}

function figureCells(figures: TrafficFigures, { style }: TableSurroundings): Cell[] {
  const failed = formatRate(figures.failedPerSecond);
  return [
    formatRate(figures.requestsPerSecond),
    figures.failedPerSecond > 0 ? { text: failed, paint: style.bad } : failed,
    formatMs(figures.p50Ms),
    formatMs(figures.p95Ms),
    formatMs(figures.p99Ms),
    String(figures.inFlight),
    figures.cpu === null ? '–' : `${(figures.cpu * 100).toFixed(figures.cpu < 0.1 ? 1 : 0)} %`,
    figures.memoryBytes === null ? '–' : formatBytes(figures.memoryBytes),
  ];
}

function formatRate(perSecond: number): string {
  return perSecond === 0 ? '0' : perSecond.toFixed(perSecond < 100 ? 1 : 0);
}

function formatMs(durationMs: number | null): string {
  if (durationMs === null) return '–';
  if (durationMs >= 10_000) return `${(durationMs / 1_000).toFixed(1)} s`;
  return `${durationMs.toFixed(durationMs < 10 ? 1 : 0)} ms`;
}

function formatBytes(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  return mebibytes < 1_024
    ? `${mebibytes.toFixed(mebibytes < 10 ? 1 : 0)} MiB`
    : `${(mebibytes / 1_024).toFixed(1)} GiB`;
}
