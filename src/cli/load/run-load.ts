import { renderCsv } from '../../load/report/csv.ts';
import { renderLoadHtml } from '../../load/report/html.ts';
import type { LoadReport } from '../../load/report/load-report.ts';
import { runLoadTest } from '../../load/run-load-test.ts';
import { takeEscalation } from '../escalation.ts';
import { exitCodes } from '../exit-codes.ts';
import type { VerbCall } from '../verb.ts';
import { findTarget } from './find-target.ts';
import type { LoadOptions } from './load-options.ts';
import { openLoadProgress } from './load-progress.ts';
import { noteChoice } from './note-choice.ts';
import { planLoad, withTargetPath } from './plan-load.ts';
import { renderLoadReport } from './render-load-report.ts';
import { reportFile } from './report-files.ts';

/** Runs a load test and prints its report; the exit code says whether it held. */
export async function runLoad({ invocation, options, words }: VerbCall<LoadOptions>): Promise<number> {
  const { output, surroundings } = invocation;
  const plan = await planLoad(words[0], options, surroundings);
  const csv = options.csv === undefined ? undefined : await reportFile(options.csv, surroundings);
  const html = options.html === undefined ? undefined : await reportFile(options.html, surroundings);
  const target = await findTarget(invocation, plan.target, options.iOwnThisTarget ?? false);
  const scenario = withTargetPath(plan, target.path);
  noteChoice(
    invocation,
    plan.target,
    target,
    scenario.requests.length === 1 ? scenario.requests[0]?.path : undefined,
  );

  using escalation = takeEscalation(invocation);
  const progress = openLoadProgress(invocation, scenario, `${scenario.name}  ${target.url}`);
  let report: LoadReport;
  try {
    report = await runLoadTest({
      scenario,
      target,
      stop: AbortSignal.any([escalation.first, output.closed]),
      abandon: escalation.second,
      onInterval: (row, recorder) => progress.update(row, recorder),
    });
  } finally {
    progress.finish();
  }

  if (output.isJson) output.json(report);
  else output.lines(renderLoadReport(report, output));
  await csv?.write(renderCsv(report));
  await html?.write(renderLoadHtml(report));
  for (const file of [csv, html])
    if (file !== undefined) output.note(output.errorStyle.dim(`written: ${file.path}`));
  return exitCodeOf(report);
}

function exitCodeOf({ isInterrupted, thresholds, sent, answered }: LoadReport): number {
  if (isInterrupted) return exitCodes.interrupted;
  const isFailed = thresholds.some(({ isMet }) => !isMet) || (sent > 0 && answered === 0);
  return isFailed ? exitCodes.failed : exitCodes.ok;
}
