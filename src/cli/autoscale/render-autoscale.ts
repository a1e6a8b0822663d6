import type { Decision, MetricFinding } from '../../autoscale/decision.ts';
import type { AutoscaleStatus } from '../../daemon/autoscale-api.ts';
import { formatAge } from '../render/durations.ts';
import { formatTime } from '../render/render-event.ts';
import { tableOptions, type TableSurroundings } from '../render/render-services.ts';
import type { Style } from '../render/style.ts';
import { renderTable } from '../render/table.ts';

/** One line for each service, its last decision in words. */
export function renderAutoscaleStatus(
  statuses: readonly AutoscaleStatus[],
  surroundings: TableSurroundings,
): string[] {
  const { style } = surroundings;
  return renderTable(
    [
      { title: 'SERVICE' },
      { title: 'REPLICAS', align: 'right' },
      { title: 'BOUNDS', dropRank: 2 },
      { title: 'MODE', dropRank: 1 },
      { title: 'LAST DECISION' },
    ],
    statuses.map(({ service, current, min, max, mode, decision }) => [
      { text: service, paint: style.bold },
      String(current),
      `${min}–${max}`,
      { text: mode, paint: mode === 'active' ? style.good : style.doubtful },
      decision?.sentence ?? 'none yet',
    ]),
    tableOptions(surroundings),
  );
}

/** Everything that the last decision on a service was made of, and what comes next. */
export function renderExplanation(status: AutoscaleStatus, now: number, style: Style): string[] {
  const { service, current, min, max, mode, nextAt, decision } = status;
  const head = `${style.bold(service)}  ${current} of ${min} to ${max} replicas, ${mode}`;
  if (decision === undefined) return [head, `  nothing was decided yet${untilNext(mode, nextAt, now)}`];
  const { sentence, findings, at } = decision;
  return [
    head,
    `  ${sentence}`,
    ...findings.map((finding) => `  ${style.dim('·')} ${findingText(finding, decision)}`),
    style.dim(`  decided ${formatAge(now - at)} ago${untilNext(mode, nextAt, now)}`),
  ];
}

/** `2026-11-22 12:31:07  scaled from 3 to 5: …`. */
export function renderDecision({ at, from, to, sentence }: Decision, style: Style): string {
  const paint = from === to ? (text: string) => text : style.accent;
  return `${style.dim(formatTime(at))}  ${paint(sentence)}`;
}

function untilNext(mode: AutoscaleStatus['mode'], nextAt: number, now: number): string {
  return mode === 'stopped'
    ? '; it does not run'
    : `; again in ${formatAge(Math.max(0, nextAt - now) + 999)}`;
}

/** The metric that decided is marked, when there are several. */
function findingText({ text, replicas }: MetricFinding, { findings }: Decision): string {
  const most = Math.max(...findings.map((finding) => finding.replicas ?? -1));
  const isHighest = findings.length > 1 && replicas === most;
  return `${text}${isHighest ? ' (the most)' : ''}`;
}
