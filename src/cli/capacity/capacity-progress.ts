import type { CapacityStep } from '../../capacity/limit.ts';
import { formatRate } from '../../load/report/format.ts';
import type { Invocation } from '../invocation.ts';
import { formatElapsed } from '../render/durations.ts';
import { truncateText } from '../render/text-width.ts';
import { LiveLines } from '../terminal/live-lines.ts';

const defaultColumns = 80;

/** Shows a measurement while it runs. */
export interface CapacityProgress {
  tell(message: string, steps: readonly CapacityStep[]): void;
  finish(): void;
}

/** Live lines on a terminal, a line on stderr for each step elsewhere, nothing beside JSON. */
export function openCapacityProgress({ output, surroundings }: Invocation, title: string): CapacityProgress {
  if (output.isJson) return { tell: () => {}, finish: () => {} };
  if (!output.isLive) return { tell: (message) => output.note(message), finish: () => {} };
  const startedAt = surroundings.clock.now();
  const { screen, style } = output;
  let lines: string[] = [];
  const live = new LiveLines(screen, () => {
    const head = `${title}  ${formatElapsed(surroundings.clock.now() - startedAt)}`;
    return [
      style.bold(head),
      ...lines.map((line) => truncateText(line, (screen.columns || defaultColumns) - 1)),
    ];
  });
  return {
    tell: (message, steps) => {
      const seen = steps.map(({ replicas, throughput }) => ` ${replicas}: ${formatRate(throughput)}/s`);
      lines = [...(seen.length === 0 ? [] : [seen.join(' ')]), ` ${message}`];
      live.redraw();
    },
    finish: () => live.finish([]),
  };
}
