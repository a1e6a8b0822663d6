import type { Question } from '../../capacity/measured/answer.ts';
import { measureCapacity } from '../../capacity/measured/measure-capacity.ts';
import { buildCapacityReport, type CapacityReport } from '../../capacity/report/capacity-report.ts';
import { renderCapacityHtml } from '../../capacity/report/html.ts';
import { takeEscalation } from '../escalation.ts';
import { exitCodes } from '../exit-codes.ts';
import { withDaemon, type Invocation } from '../invocation.ts';
import { reportFile } from '../load/report-files.ts';
import { stackName } from '../project.ts';
import type { CapacityOptions } from './capacity-options.ts';
import { openCapacityProgress } from './capacity-progress.ts';
import { renderCapacity } from './render-capacity.ts';
import { openServiceBench } from './service-bench.ts';

const defaultMaxReplicas = 8;
const defaultStepMs = 5000;

/** Measures a service and prints what was found; its number of replicas is afterwards what it was. */
export async function runMeasured(
  invocation: Invocation,
  service: string,
  options: CapacityOptions,
): Promise<number> {
  const { output, surroundings } = invocation;
  const stack = await stackName(invocation);
  const html = options.html === undefined ? undefined : await reportFile(options.html, surroundings);
  const { targetRate, p95 } = options;
  const question: Question | undefined =
    targetRate === undefined ? undefined : { ratePerSecond: targetRate, p95Ms: p95 };
  const report = await withDaemon(invocation, async ({ client }): Promise<CapacityReport> => {
    using escalation = takeEscalation(invocation);
    const bench = await openServiceBench(
      invocation,
      client,
      { stack, service, path: options.path },
      escalation,
    );
    const startedAt = surroundings.clock.now();
    const progress = openCapacityProgress(invocation, `capacity of ${service}`);
    try {
      const measured = await measureCapacity(bench, {
        maxReplicas: options.max ?? defaultMaxReplicas,
        stepMs: options.step ?? defaultStepMs,
        question,
        stop: AbortSignal.any([escalation.first, output.closed]),
        onProgress: (message, steps) => progress.tell(message, steps),
      });
      return buildCapacityReport(measured, { stack, service, path: bench.path, startedAt, question });
    } finally {
      progress.finish();
    }
  });
  if (output.isJson) output.json(report);
  else output.lines(renderCapacity(report, output));
  await html?.write(renderCapacityHtml(report));
  if (html !== undefined) output.note(output.errorStyle.dim(`written: ${html.path}`));
  return report.isInterrupted ? exitCodes.interrupted : exitCodes.ok;
}
