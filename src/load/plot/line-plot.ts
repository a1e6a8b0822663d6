import { escapeHtml } from '../../shared/escape-html.ts';
import { distinctTicks, linearTicks, logTicks } from './ticks.ts';

export type Point = readonly [x: number, y: number];

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  /** `dots` for what was measured, `line` for what is continuous, `dashes` for what was planned or calculated. */
  readonly look: 'line' | 'dots' | 'dashes';
  /** Number of its colour, from 1 to 4. */
  readonly colour: 1 | 2 | 3 | 4;
}

export interface LinePlot {
  readonly title: string;
  readonly series: readonly Series[];
  readonly formatX: (x: number) => string;
  readonly formatY: (y: number) => string;
  /** Logarithmic: for values that differ by orders of magnitude. */
  readonly isLog?: boolean;
  /** Where the x axis has its marks; worked out when left out. */
  readonly xTicks?: readonly number[];
  readonly note?: string;
}

// The width is that of a small phone, so that text keeps its size there.
const width = 360;
const height = 210;
const edge = { left: 52, right: 14, top: 10, bottom: 26 };
const xTickCount = 5;
const yTickCount = 4;

/** A figure with a plot as inline SVG and its legend; colours come from the page. Empty when there is nothing to draw. */
export function renderLinePlot(plot: LinePlot): string {
  const points = plot.series.flatMap((series) => series.points);
  if (points.length === 0) return '';
  const ys = points.map(([, y]) => y).filter((y) => !(plot.isLog ?? false) || y > 0);
  const xs = points.map(([x]) => x);
  const yTicks =
    plot.isLog === true && ys.length > 0
      ? logTicks(Math.min(...ys), Math.max(...ys))
      : linearTicks(0, Math.max(0, ...ys), yTickCount);
  const xLow = Math.min(...xs);
  const xHigh = Math.max(...xs);
  const xTicks = (plot.xTicks ?? linearTicks(xLow, xHigh, xTickCount)).filter(
    (x) => x >= xLow && x <= xHigh * 1.0001,
  );
  const placeX = placer(xLow, xHigh, edge.left, width - edge.right, false);
  const placeY = placer(
    yTicks[0] ?? 0,
    yTicks.at(-1) ?? 1,
    height - edge.bottom,
    edge.top,
    plot.isLog ?? false,
  );
  const label = `${plot.title}: ${plot.series.map(({ name }) => name).join(', ')}`;
  return [
    '<figure>',
    `<figcaption>${escapeHtml(plot.title)}</figcaption>`,
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(label)}">`,
    ...distinctTicks(yTicks, plot.formatY).map((tick) => {
      const y = round(placeY(tick));
      return `<line class="grid" x1="${edge.left}" x2="${width - edge.right}" y1="${y}" y2="${y}"/><text class="tick" text-anchor="end" x="${edge.left - 6}" y="${y + 4}">${escapeHtml(plot.formatY(tick))}</text>`;
    }),
    ...distinctTicks(xTicks, plot.formatX).map(
      (tick) =>
        `<text class="tick" text-anchor="middle" x="${round(placeX(tick))}" y="${height - 8}">${escapeHtml(plot.formatX(tick))}</text>`,
    ),
    ...plot.series.map((series) => renderSeries(series, plot, placeX, placeY)),
    '</svg>',
    `<p class="legend">${plot.series.map(({ name, colour }) => `<span class="key c${colour}">${escapeHtml(name)}</span>`).join(' ')}</p>`,
    ...(plot.note === undefined ? [] : [`<p class="note">${escapeHtml(plot.note)}</p>`]),
    '</figure>',
  ].join('\n');
}

type Place = (value: number) => number;

function renderSeries(
  { points, look, colour, name }: Series,
  plot: LinePlot,
  placeX: Place,
  placeY: Place,
): string {
  const drawn = points.filter(([, y]) => plot.isLog !== true || y > 0);
  if (look === 'dots') {
    return drawn
      .map(([x, y]) => {
        const words = `${name}: ${plot.formatX(x)}, ${plot.formatY(y)}`;
        return `<circle class="c${colour}" cx="${round(placeX(x))}" cy="${round(placeY(y))}" r="4"><title>${escapeHtml(words)}</title></circle>`;
      })
      .join('');
  }
  const path = drawn.map(([x, y]) => `${round(placeX(x))},${round(placeY(y))}`).join(' ');
  return `<polyline class="c${colour} ${look}" points="${path}"/>`;
}

function placer(low: number, high: number, from: number, to: number, isLog: boolean): Place {
  const measure = isLog ? Math.log10 : (value: number) => value;
  const span = measure(high) - measure(low);
  return (value) =>
    span > 0 ? from + ((measure(value) - measure(low)) / span) * (to - from) : (from + to) / 2;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
