import type { Decision } from '../../autoscale/decision.ts';
import type { ReplayedStep } from '../../autoscale/simulation/replay.ts';
import type { SimulatedStep } from '../../autoscale/simulation/simulate-load.ts';
import { summariseCourse, type CourseSummary } from '../../autoscale/simulation/summary.ts';
import type { WhatIfStep } from '../../autoscale/simulation/what-if.ts';
import { formatTime } from '../render/render-event.ts';
import type { Output } from '../terminal/output.ts';
import { renderDecision } from './render-autoscale.ts';

/** More lines of differences say nothing more. */
const maxDifferences = 20;

/** Whether the decisions of a history come out the same when they are made again. */
export function reportReplay(steps: readonly ReplayedStep[], output: Output): void {
  const different = steps.filter(({ isSame }) => !isSame);
  const summary = summariseCourse(steps.map(({ recorded }) => recorded));
  if (output.isJson) return output.json({ kind: 'replay', different, ...summary });
  const { style } = output;
  for (const { recorded, decision } of different.slice(0, maxDifferences)) {
    output.line(`recorded   ${renderDecision(recorded, style)}`);
    const again =
      decision === undefined ? 'no policy was recorded before it' : renderDecision(decision, style);
    output.line(`made again ${again}`);
  }
  const [first, last] = [steps[0]?.recorded, steps.at(-1)?.recorded];
  const range = first && last ? ` from ${formatTime(first.at)} to ${formatTime(last.at)}` : '';
  const verdict =
    different.length === 0
      ? style.good('each came out the same when it was made again')
      : style.bad(`${different.length} came out otherwise when they were made again`);
  output.line(`${steps.length} decisions${range}: ${verdict}`);
  output.line(summaryText(summary));
}

/** What another policy would have made of a recorded load. */
export function reportWhatIf(steps: readonly WhatIfStep[], output: Output): void {
  const recorded = summariseCourse(steps.map((step) => step.recorded));
  const simulated = summariseCourse(steps.map(({ decision }) => decision));
  if (output.isJson) {
    const decisions = steps.map(({ decision }) => decision);
    return output.json({ kind: 'what-if', recorded, simulated, decisions });
  }
  printChanges(
    steps.map(({ decision }) => decision),
    output,
  );
  output.line(`recorded:  ${summaryText(recorded)}`);
  output.line(`simulated: ${summaryText(simulated)}`);
}

/** What a policy makes of a load on replicas of a model. */
export function reportLoad(steps: readonly SimulatedStep[], output: Output): void {
  const decisions = steps.map(({ decision }) => decision);
  const summary = summariseCourse(decisions);
  const overloaded = steps.filter(({ backlog }) => backlog > 0).length;
  if (output.isJson) return output.json({ kind: 'load', ...summary, overloaded, steps });
  printChanges(decisions, output);
  output.line(summaryText(summary));
  const share = Math.round((overloaded / Math.max(1, steps.length)) * 100);
  if (overloaded > 0)
    output.line(`in ${share} % of the time more requests came than the replicas there were could do`);
}

function printChanges(decisions: readonly Decision[], output: Output): void {
  for (const decision of decisions)
    if (decision.from !== decision.to) output.line(renderDecision(decision, output.style));
}

function summaryText({ changes, turns, fewest, most, average }: CourseSummary): string {
  return `${changes} changes, ${turns} turns between up and down, ${fewest} to ${most} replicas, ${average.toFixed(2)} on average`;
}
