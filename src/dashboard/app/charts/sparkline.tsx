import type { JSX } from 'preact';

const width = 96;
const height = 22;
/** Fewer are no course of anything yet. */
const minValues = 6;

/** A line beside a figure that says the same in words; hidden from readers of the screen. */
export function Sparkline({ values }: { readonly values: readonly number[] }): JSX.Element | null {
  if (values.length < minValues) return null;
  const highest = Math.max(...values, Number.MIN_VALUE);
  const step = width / (values.length - 1);
  const y = (value: number): number => height - 1 - (value / highest) * (height - 2);
  const line = values.map((value, index) => `${(index * step).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  return (
    <svg class="spark" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <polygon class="spark-area" points={`0,${height} ${line} ${width},${height}`} />
      <polyline class="spark-line" points={line} />
    </svg>
  );
}
