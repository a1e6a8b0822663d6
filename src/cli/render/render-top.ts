import type { ReplicaStatus, ServiceStatus, StackStatus } from '../../daemon/control-api.ts';
import type { MetricsPoint, MetricsReply, TrafficFigures } from '../../daemon/metrics-api.ts';
import {
  formatBytes,
  formatCores,
  formatCount,
  formatLatency,
  formatNumber,
  plural,
} from '../../dashboard/view/format.ts';
import { troublesOf } from '../../dashboard/view/troubles.ts';
import { paintOfState, renderOutages } from './render-replicas.ts';
import { readinessCell, tableOptions, type TableSurroundings } from './render-services.ts';
import type { Style } from './style.ts';
import { renderTable, type Cell, type Column } from './table.ts';
import { oneLine } from './text-width.ts';

/** A stack at one moment: how it is, and what it did in the ten seconds before. */
export interface TopPicture {
  readonly status: StackStatus;
  readonly metrics: MetricsReply;
}

export const sortOrders = ['name', 'requests', 'p95', 'in-flight', 'cpu', 'memory'] as const;
export type SortOrder = (typeof sortOrders)[number];

export interface TopChoices {
  /** How the replicas of a service stand among each other; but for the name, the largest first. */
  readonly order: SortOrder;
  readonly hasReplicas: boolean;
}

export interface TopSurroundings extends TableSurroundings {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Lines that there is room for; undefined: as many as it takes. */
  readonly maxLines: number | undefined;
}

const columns: readonly Column[] = [
  { title: 'NAME' },
  { title: 'STATE' },
  { title: 'REQ/S', align: 'right' },
  { title: 'FAIL/S', align: 'right' },
  { title: 'P50', align: 'right', dropRank: 3 },
  { title: 'P95', align: 'right' },
  { title: 'IN FLIGHT', align: 'right', dropRank: 2 },
  { title: 'CPU', align: 'right' },
  { title: 'MEMORY', align: 'right' },
  { title: 'RESTARTS', align: 'right', dropRank: 1 },
];

/** What `top` shows: what is wrong, then a line per service with its replicas below it. */
export function renderTop(
  { status, metrics }: TopPicture,
  choices: TopChoices,
  surroundings: TopSurroundings,
): string[] {
  const { style, maxLines } = surroundings;
  const head = [
    headline(status, style),
    ...renderOutages(status, style),
    ...renderTroubles(status, surroundings),
    '',
  ];
  const points = new Map(metrics.services.map(({ service, points }) => [service, points.at(-1)]));
  const rows = status.services.flatMap((service) => {
    const point = points.get(service.name);
    const replicas = choices.hasReplicas ? inOrder(service, point, choices.order) : [];
    return [serviceRow(service, point, style), ...replicas.map((each) => replicaRow(service, each, style))];
  });
  const room = maxLines === undefined ? rows.length : Math.max(1, maxLines - head.length - 1);
  // The last line says how many there was no room for.
  const shown = rows.length <= room ? rows : rows.slice(0, Math.max(1, room - 1));
  const table = renderTable(columns, shown, tableOptions(surroundings));
  const hidden = rows.length - shown.length;
  return [...head, ...table, ...(hidden === 0 ? [] : [style.dim(`… ${hidden} more lines`)])];
}

function headline(status: StackStatus, style: Style): string {
  const condition = status.isSteady ? style.good('steady') : style.doubtful('changing');
  const replicas = status.services.reduce((sum, { running }) => sum + running, 0);
  const count = `${plural(status.services.length, 'service')}, ${plural(replicas, 'replica')}`;
  return `${style.bold(status.name)}  ${status.phase === 'running' ? condition : style.dim('stopped')}  ${style.dim(count)}`;
}

/** Without events it is not known since when; outages have lines of their own. */
function renderTroubles(status: StackStatus, { style, now }: TopSurroundings): string[] {
  return troublesOf(status, [], [], now)
    .filter(({ service }) => service !== undefined)
    .map(({ tone, what, doing }) => {
      const mark = tone === 'bad' ? style.bad('!') : style.doubtful('!');
      return `${mark} ${oneLine(what)}${doing.length === 0 ? '' : style.dim(`: ${oneLine(doing.join(' '))}`)}`;
    });
}

interface MeasuredReplica {
  readonly replica: ReplicaStatus;
  readonly figures: TrafficFigures | undefined;
}

function inOrder(
  service: ServiceStatus,
  point: MetricsPoint | undefined,
  order: SortOrder,
): readonly MeasuredReplica[] {
  const figures = new Map(point?.replicas?.map((replica) => [replica.replicaId, replica]));
  const measured = service.replicas.map((replica) => ({ replica, figures: figures.get(replica.id) }));
  if (order === 'name') return measured;
  return measured.sort(
    (a, b) => sortValue(b, order) - sortValue(a, order) || a.replica.index - b.replica.index,
  );
}

function sortValue({ replica, figures }: MeasuredReplica, order: Exclude<SortOrder, 'name'>): number {
  switch (order) {
    case 'requests':
      return figures?.requestsPerSecond ?? -1;
    case 'p95':
      return figures?.p95Ms ?? -1;
    case 'in-flight':
      return replica.inFlight;
    case 'cpu':
      return figures?.cpu ?? -1;
    case 'memory':
      return figures?.memoryBytes ?? -1;
  }
}

function serviceRow(service: ServiceStatus, point: MetricsPoint | undefined, style: Style): Cell[] {
  const isBalanced = service.listeners.length > 0;
  const inFlight = service.replicas.reduce((sum, replica) => sum + replica.inFlight, 0);
  const restarts = service.replicas.reduce((sum, replica) => sum + replica.restarts, 0);
  return [
    { text: service.name, paint: style.bold },
    readinessCell(service, style),
    ...figureCells(point, { inFlight, isBalanced, style }),
    restarts === 0 ? '' : { text: String(restarts), paint: style.doubtful },
  ];
}

function replicaRow(service: ServiceStatus, { replica, figures }: MeasuredReplica, style: Style): Cell[] {
  const { instance, state, inFlight, restarts, isObsolete } = replica;
  return [
    `· ${instance}${isObsolete ? ' (old)' : ''}`,
    { text: state, paint: paintOfState(state, style) },
    ...figureCells(figures, { inFlight, isBalanced: service.listeners.length > 0, style }),
    restarts === 0 ? '' : { text: String(restarts), paint: style.doubtful },
  ];
}

interface FigureSurroundings {
  readonly inFlight: number;
  /** What no listener leads to has no requests that anybody counts. */
  readonly isBalanced: boolean;
  readonly style: Style;
}

function figureCells(
  figures: TrafficFigures | undefined,
  { inFlight, isBalanced, style }: FigureSurroundings,
): Cell[] {
  const failed = figures?.failedPerSecond;
  const traffic = [
    formatNumber(figures?.requestsPerSecond),
    { text: formatNumber(failed), paint: failed !== undefined && failed > 0 ? style.bad : style.dim },
    formatLatency(figures?.p50Ms ?? undefined),
    formatLatency(figures?.p95Ms ?? undefined),
    formatCount(inFlight),
  ];
  return [
    ...(isBalanced ? traffic : traffic.map(() => '')),
    formatCores(figures?.cpu ?? undefined),
    formatBytes(figures?.memoryBytes ?? undefined),
  ];
}
