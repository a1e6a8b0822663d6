import type { JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Measure } from '../../live-api.ts';
import { formatTime } from '../../view/format.ts';
import { onThemeChange } from '../theme.ts';

const heightPx = 150;
/** Charts of one page move their cursors together. */
const cursorKey = 'page';

export interface Series {
  readonly label: string;
  readonly value: (measure: Measure) => number | undefined;
  /** Which of the four colours of series. */
  readonly colour: 1 | 2 | 3 | 4;
  readonly isFilled?: boolean;
  readonly isDashed?: boolean;
}

export interface LineChartProperties {
  readonly title: string;
  readonly points: readonly Measure[];
  readonly series: readonly Series[];
  readonly format: (value: number | undefined) => string;
  /** Distances that the lines of the grid may have; undefined: round decimal ones. */
  readonly steps?: readonly number[];
}

/** Lines over the last minutes, with the same said in words and, on demand, as a table. */
export function LineChart({ title, points, series, format, steps }: LineChartProperties): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const titleId = useId();
  const [pointed, setPointed] = useState<number | undefined>();
  const told = points[pointed ?? points.length - 1];
  const data = useRef<uPlot.AlignedData>([[]]);
  data.current = [
    points.map(({ time }) => time / 1000),
    ...series.map(({ value }) => points.map((point) => value(point) ?? null)),
  ];

  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(
        options(element, { series, format, steps, onPoint: setPointed }),
        data.current,
        element,
      );
    };
    draw();
    const observer = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: heightPx }),
    );
    observer.observe(element);
    const forget = onThemeChange(draw);
    return () => {
      forget();
      observer.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
    // Series and format are constants of the chart; only its points change.
  }, []);
  useEffect(() => plot.current?.setData(data.current), [points]);

  return (
    <figure class="chart" aria-labelledby={titleId}>
      <figcaption>
        <span id={titleId} class="chart-title">
          {title}
        </span>
        <span class="legend">
          {series.map(({ label, colour, isDashed, value }) => (
            <span key={label} class={`key key-${colour}${isDashed === true ? ' key-dashed' : ''}`}>
              {label} <b>{format(told === undefined ? undefined : value(told))}</b>
            </span>
          ))}
          {pointed !== undefined && told !== undefined && (
            <span class="quiet" aria-hidden="true">
              at {formatTime(told.time, told.time)}
            </span>
          )}
        </span>
        <span class="unseen">{describe(points, series, format)}</span>
      </figcaption>
      <div ref={host} class="chart-plot" aria-hidden="true" />
    </figure>
  );
}

/** `p95 is 12 ms now, between 9 ms and 31 ms since 03:01:10.` */
function describe(
  points: readonly Measure[],
  series: readonly Series[],
  format: LineChartProperties['format'],
): string {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return 'No figures yet.';
  return series
    .map(({ label, value }) => {
      const values = points.flatMap((point) => value(point) ?? []);
      if (values.length === 0) return `${label}: no figures.`;
      const least = format(Math.min(...values));
      const most = format(Math.max(...values));
      const since = formatTime(first.time, last.time);
      return `${label} is ${format(value(last))} now, between ${least} and ${most} since ${since}.`;
    })
    .join(' ');
}

const secondsShownBelow = 300;

/** The time of day; with its seconds where ticks would else say the same. */
function formatTick(time: number, times: readonly number[]): string {
  const text = formatTime(time * 1000, time * 1000);
  return (times.at(-1) ?? 0) - (times[0] ?? 0) < secondsShownBelow ? text : text.slice(0, 5);
}

interface PlotChoices extends Pick<LineChartProperties, 'series' | 'format'> {
  readonly steps: readonly number[] | undefined;
  /** Told which point the cursor is at; undefined when it has left. */
  readonly onPoint: (index: number | undefined) => void;
}

function options(element: HTMLElement, { series, format, steps, onPoint }: PlotChoices): uPlot.Options {
  const colour = (name: string): string => {
    // Canvas knows no custom properties: the browser is asked what they come to.
    element.style.color = `var(--${name})`;
    const computed = getComputedStyle(element).color;
    element.style.color = '';
    return computed;
  };
  const muted = colour('muted');
  const grid = colour('grid');
  const font = '11px system-ui, sans-serif';
  const axis = { stroke: muted, font, ticks: { show: false }, grid: { stroke: grid, width: 1 } };
  return {
    width: element.clientWidth,
    height: heightPx,
    legend: { show: false },
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? undefined)] },
    padding: [8, 18, 0, 0],
    cursor: { sync: { key: cursorKey }, points: { size: 5 }, drag: { x: false, y: false } },
    scales: { y: { range: (_, _least, most) => [0, most === null || most <= 0 ? 1 : most * 1.15] } },
    axes: [
      {
        ...axis,
        size: 24,
        space: 70,
        grid: { show: false },
        values: (_, times) => times.map((time) => formatTick(time, times)),
      },
      {
        ...axis,
        size: 54,
        space: 30,
        values: (_, values) => values.map((value) => format(value)),
        ...(steps !== undefined && { incrs: [...steps] }),
      },
    ],
    series: [
      {},
      ...series.map(({ label, colour: number, isFilled, isDashed }) => {
        const stroke = colour(`series-${number}`);
        return {
          label,
          stroke,
          width: 1.5,
          points: { show: false },
          ...(isFilled === true && { fill: stroke.replace(/^rgb\((.*)\)$/, 'rgb($1, 0.12)') }),
          ...(isDashed === true && { dash: [4, 3] }),
        };
      }),
    ],
  };
}
