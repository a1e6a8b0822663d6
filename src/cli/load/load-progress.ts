import { lengthMs, segmentsOf } from '../../load/engine/level.ts';
import type { IntervalRow } from '../../load/measure/interval.ts';
import type { Recorder } from '../../load/measure/recorder.ts';
import { formatCount, formatMs, formatRate, formatShare } from '../../load/report/format.ts';
import type { Scenario } from '../../load/scenario/scenario.ts';
import { formatElapsed } from '../render/durations.ts';
import { truncateText } from '../render/text-width.ts';
import type { Invocation } from '../invocation.ts';
import { LiveLines } from '../terminal/live-lines.ts';

const plainEveryMs = 10_000;
const defaultColumns = 80;
const shownReplicas = 8;

/** Shows a load test while it runs. */
export interface LoadProgress {
  update(row: IntervalRow, recorder: Recorder): void;
  finish(): void;
}

/** Live lines on a terminal, now and then a line on stderr elsewhere, nothing beside JSON. */
export function openLoadProgress(invocation: Invocation, scenario: Scenario, title: string): LoadProgress {
  const { output, surroundings } = invocation;
  if (output.isJson) return { update: () => {}, finish: () => {} };
  const plannedMs = lengthMs(segmentsOf(scenario.shape));
  const startedAt = surroundings.clock.now();
  const elapsed = (): string =>
    `${formatElapsed(surroundings.clock.now() - startedAt)} of ${formatElapsed(plannedMs)}`;
  if (!output.isLive) {
    let toldAtMs = 0;
    return {
      update: (row, recorder) => {
        if (row.endMs - toldAtMs < plainEveryMs) return;
        toldAtMs = row.endMs;
        output.note([elapsed(), ...progressLines(row, recorder)].join('  '));
      },
      finish: () => {},
    };
  }
  const { screen, style } = output;
  let lines: string[] = [];
  const live = new LiveLines(screen, () =>
    [`${title}  ${elapsed()}`, ...lines]
      .map((line) => truncateText(line, (screen.columns || defaultColumns) - 1))
      .map((line, index) => (index === 0 ? style.bold(line) : line)),
  );
  return {
    update: (row, recorder) => {
      lines = progressLines(row, recorder).map((line) => ` ${line}`);
    },
    finish: () => live.finish([]),
  };
}

/** What a person wants to see of a stretch of the test, and of the test so far. */
export function progressLines(row: IntervalRow, recorder: Recorder): string[] {
  const rate = (row.answered * 1000) / (row.endMs - row.startMs);
  const dropped = recorder.dropped === 0 ? [] : [`${formatCount(recorder.dropped)} dropped`];
  const replicas = [...recorder.replicas].toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
  const total = replicas.reduce((sum, [, { ended }]) => sum + ended, 0);
  return [
    [
      `${formatRate(rate)}/s`,
      `${formatCount(recorder.answered)} answered`,
      `${formatCount(recorder.failed)} failed`,
      ...dropped,
      `${formatCount(row.inFlight)} in flight`,
    ].join(', '),
    `p50 ${formatMs(row.p50Ms)}, p95 ${formatMs(row.p95Ms)}, p99 ${formatMs(row.p99Ms)}`,
    ...(replicas.length === 0
      ? []
      : [
          replicas
            .slice(0, shownReplicas)
            .map(([instance, { ended }]) => `${instance} ${formatShare(ended / total)}`)
            .concat(replicas.length > shownReplicas ? [`… and ${replicas.length - shownReplicas} more`] : [])
            .join(', '),
        ]),
  ];
}
