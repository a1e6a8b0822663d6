import type { JSX } from 'preact';
import type { Decision } from '../../../autoscale/decision.ts';
import { formatTime } from '../../view/format.ts';
import { courseOf, summariseDecisions, type Course } from '../../view/decisions.ts';

const width = 1000;
const height = 110;
const ticks = 4;

/** What was wanted, what the metrics asked for, and the bounds between which it may be. */
export function DecisionChart({
  decisions,
  from,
  to,
}: {
  readonly decisions: readonly Decision[];
  /** The time shown, milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
}): JSX.Element {
  const highest = Math.max(
    1,
    ...decisions.flatMap(({ max, recommended = 0, to }) => [Math.min(max, 2 * to + 2), recommended, to]),
  );
  const x = (time: number): number => ((time - from) / (to - from)) * width;
  const y = (value: number): number => height - 4 - (Math.min(value, highest) / highest) * (height - 12);
  const steps = ({ points }: Course): string =>
    points
      .flatMap(({ time, value }, index) => {
        const until = points[index + 1]?.time ?? to;
        return [
          `${x(time).toFixed(1)},${y(value).toFixed(1)}`,
          `${x(until).toFixed(1)},${y(value).toFixed(1)}`,
        ];
      })
      .join(' ');
  const wanted = courseOf(decisions, (decision) => decision.to);
  const asked = courseOf(decisions, ({ recommended }) => recommended);
  return (
    <figure class="decision-chart">
      <figcaption class="legend">
        <span class="key key-1">replicas wanted</span>
        <span class="key key-3 key-dashed">what the load asks for</span>
        <span>{summariseDecisions(decisions)}</span>
      </figcaption>
      <div class="decision-plot" aria-hidden="true">
        <span class="decision-top">{highest}</span>
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none">
          <line x1="0" x2={width} y1={height - 4} y2={height - 4} class="decision-floor" />
          <polyline points={steps(asked)} class="decision-asked" />
          <polyline points={steps(wanted)} class="decision-wanted" />
        </svg>
        <span class="decision-times">
          {Array.from({ length: ticks + 1 }, (_, tick) => (
            <span key={tick}>{formatTime(from + ((to - from) * tick) / ticks, to).slice(0, 5)}</span>
          ))}
        </span>
      </div>
    </figure>
  );
}
