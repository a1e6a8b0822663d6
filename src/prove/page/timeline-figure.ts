import { escapeHtml } from '../../shared/escape-html.ts';
import { linearTicks } from '../../load/plot/ticks.ts';
import { formatMs, formatRate } from '../../load/report/format.ts';
import type { ProofReport } from '../proof-report.ts';
import { markOf, type MarkLook } from './event-marks.ts';

/** What a drawing takes from a report. */
export type Timeline = Pick<ProofReport, 'course' | 'replicas' | 'events' | 'change' | 'elapsedMs'>;

/** Widths for a phone and for a screen; text keeps its size in both. */
export const timelineWidths = { narrow: 340, wide: 1040 } as const;

const edge = { left: 50, right: 18, top: 22 };
const gap = 26;
const heights = { requests: 110, latency: 100, replicas: 56, marks: 20, axis: 20 };

interface Panel {
  readonly title: string;
  readonly top: number;
  readonly height: number;
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
}

type Place = (value: number) => number;

/** Requests, latency and replicas in rotation over one time axis, with the change and each operation marked. */
export function drawTimeline(timeline: Timeline, width: number): string {
  const { course, replicas, elapsedMs } = timeline;
  const x: Place = (timeMs) =>
    round(
      edge.left +
        (Math.min(Math.max(0, timeMs), elapsedMs) / Math.max(1, elapsedMs)) *
          (width - edge.left - edge.right),
    );
  const rates = course.map((row) => perSecond(row.good + row.failed, row));
  const latencies = course.flatMap(({ p99Ms }) => p99Ms ?? []);
  const requests = panel('Requests per second', edge.top, heights.requests, rates, formatRate);
  const latency = panel(
    'Latency, p50 and p99',
    bottomOf(requests) + gap,
    heights.latency,
    latencies,
    formatMs,
  );
  const rotation = panel(
    'Replicas in rotation',
    bottomOf(latency) + gap,
    heights.replicas,
    replicas.map(({ inRotation }) => inRotation),
    String,
    2,
  );
  const marksTop = bottomOf(rotation) + gap / 2;
  const height = marksTop + heights.marks + heights.axis;
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Timeline of requests, latency and replicas in rotation">`,
    changeBand(timeline, x, marksTop + heights.marks),
    ...[requests, latency, rotation].map((each) => grid(each, width)),
    bars(course, requests, x),
    line(
      course.map(({ startMs, endMs, p50Ms }) => [(startMs + endMs) / 2, p50Ms]),
      latency,
      x,
      'c1',
    ),
    line(
      course.map(({ startMs, endMs, p99Ms }) => [(startMs + endMs) / 2, p99Ms]),
      latency,
      x,
      'c2',
    ),
    steps(timeline, rotation, x),
    marks(timeline, x, marksTop),
    axis(elapsedMs, x, width, height),
    '</svg>',
  ].join('\n');
}

function panel(
  title: string,
  top: number,
  height: number,
  values: readonly number[],
  format: (value: number) => string,
  tickCount = 3,
): Panel {
  const highest = Math.max(1, ...values);
  const ticks = linearTicks(0, highest, tickCount);
  // Nobody has half a replica.
  return { title, top, height, ticks: format === String ? ticks.filter(Number.isInteger) : ticks, format };
}

function bottomOf({ top, height }: Panel): number {
  return top + height;
}

function placeIn({ top, height, ticks }: Panel): Place {
  const highest = ticks.at(-1) ?? 1;
  return (value) => round(top + height - (Math.min(value, highest) / highest) * height);
}

function grid(each: Panel, width: number): string {
  const y = placeIn(each);
  const lines = each.ticks.map(
    (tick) =>
      `<line class="grid" x1="${edge.left}" x2="${width - edge.right}" y1="${y(tick)}" y2="${y(tick)}"/>` +
      `<text class="tick" text-anchor="end" x="${edge.left - 5}" y="${y(tick) + 4}">${escapeHtml(each.format(tick))}</text>`,
  );
  return `<text class="tick title" x="${edge.left}" y="${each.top - 7}">${escapeHtml(each.title)}</text>${lines.join('')}`;
}

function bars(course: Timeline['course'], each: Panel, x: Place): string {
  const y = placeIn(each);
  return course
    .map((row) => {
      const good = perSecond(row.good, row);
      const all = perSecond(row.good + row.failed, row);
      const left = x(row.startMs);
      const width = Math.max(0.5, round(x(row.endMs) - left));
      const words = `${formatMs(row.startMs)}: ${row.good} good, ${row.failed} failed`;
      const bar = (className: string, from: number, to: number): string =>
        to > from
          ? `<rect class="${className}" x="${left}" width="${width}" y="${y(to)}" height="${Math.max(1, round(y(from) - y(to)))}"><title>${words}</title></rect>`
          : '';
      return bar('good-bar', 0, good) + bar('bad-bar', good, all);
    })
    .join('');
}

function line(
  points: readonly (readonly [number, number | undefined])[],
  each: Panel,
  x: Place,
  className: string,
): string {
  const y = placeIn(each);
  const drawn = points.flatMap(([timeMs, value]) =>
    value === undefined ? [] : [`${x(timeMs)},${y(value)}`],
  );
  return `<polyline class="${className}" points="${drawn.join(' ')}"/>`;
}

function steps({ replicas, elapsedMs }: Timeline, each: Panel, x: Place): string {
  const y = placeIn(each);
  const points = replicas.flatMap(({ atMs, inRotation }, index) => {
    const endMs = replicas[index + 1]?.atMs ?? elapsedMs;
    return [`${x(atMs)},${y(inRotation)}`, `${x(endMs)},${y(inRotation)}`];
  });
  return `<polyline class="c4" points="${points.join(' ')}"/>`;
}

function changeBand({ change, elapsedMs }: Timeline, x: Place, bottom: number): string {
  if (change.kind === 'not begun') return '';
  const left = x(change.startMs);
  const right = x(change.steadyMs ?? elapsedMs);
  const words = `the change: from ${formatMs(change.startMs)}, ${change.steadyMs === undefined ? 'never steady' : `steady at ${formatMs(change.steadyMs)}`}`;
  return (
    `<rect class="band" x="${left}" y="${edge.top - 16}" width="${Math.max(1, round(right - left))}" height="${bottom - edge.top + 16}"><title>${words}</title></rect>` +
    `<line class="bound" x1="${left}" x2="${left}" y1="${edge.top - 16}" y2="${bottom}"/>`
  );
}

const shapes: Readonly<Record<MarkLook, string>> = {
  up: 'M0 -5 L5 4 L-5 4 Z',
  down: 'M0 5 L5 -4 L-5 -4 Z',
  end: 'M-4 -4 H4 V4 H-4 Z',
  note: 'M0 -5 L5 0 L0 5 L-5 0 Z',
};

function marks({ events }: Timeline, x: Place, top: number): string {
  const y = top + heights.marks / 2;
  return events
    .flatMap((event) => {
      const mark = markOf(event.kind);
      if (mark === undefined) return [];
      const who = event.instance ?? event.service ?? '';
      const words = [formatMs(Math.max(0, event.atMs)), who, mark.words, event.message].filter(
        (each) => each !== '',
      );
      return [
        `<path class="mark ${mark.look}${mark.isBad ? ' worse' : ''}" transform="translate(${x(event.atMs)} ${y})" d="${shapes[mark.look]}"><title>${escapeHtml(words.join(' '))}</title></path>`,
      ];
    })
    .join('');
}

function axis(elapsedMs: number, x: Place, width: number, height: number): string {
  const wanted = width < 500 ? 4 : 10;
  return linearTicks(0, elapsedMs / 1000, wanted)
    .filter((seconds) => seconds * 1000 <= elapsedMs)
    .map(
      (seconds) =>
        `<text class="tick" text-anchor="middle" x="${x(seconds * 1000)}" y="${height - 5}">${seconds} s</text>`,
    )
    .join('');
}

function perSecond(count: number, { startMs, endMs }: { startMs: number; endMs: number }): number {
  return (count * 1000) / Math.max(1, endMs - startMs);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
