import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolveCommand, type OwnCommandLine } from '../../prove/change/resolve-command.ts';
import { RequestLog } from '../../prove/measure/proof-request.ts';
import { defaultObjectives, parseObjectives } from '../../prove/objective.ts';
import { renderProofPage } from '../../prove/page/proof-page.ts';
import type { ProofReport } from '../../prove/proof-report.ts';
import { runProof } from '../../prove/run-proof.ts';
import type { StackView } from '../../prove/watch-stack.ts';
import { isTenfoldError } from '../../shared/errors.ts';
import { createDaemonClient } from '../connection/daemon-client.ts';
import { takeEscalation } from '../escalation.ts';
import { exitCodes } from '../exit-codes.ts';
import { homeOf, withDaemon, type Invocation } from '../invocation.ts';
import { reportFile } from '../load/report-files.ts';
import { stackName } from '../project.ts';
import type { VerbCall } from '../verb.ts';
import { noteChoice } from '../load/note-choice.ts';
import { findProofTarget } from './find-proof-target.ts';
import { openProofProgress } from './proof-progress.ts';
import type { ProveOptions } from './prove-options.ts';
import { renderProof } from './render-proof.ts';

/** The program beside this file, as source or built. */
const mainFile = fileURLToPath(new URL(`../../main${extname(import.meta.url)}`, import.meta.url));

/** Proves a change and prints what was found; the exit code says whether it was good. */
export async function runProve(
  { invocation, options, words }: VerbCall<ProveOptions>,
  verbs: readonly string[],
): Promise<number> {
  const { output, surroundings } = invocation;
  const objectives = parseObjectives(options.slo?.join(',') ?? defaultObjectives);
  const html = options.html === undefined ? undefined : await reportFile(options.html, surroundings);
  const stack = await stackName(invocation);
  const command = await resolveCommand(words, ownCommandLine(invocation, stack, verbs), surroundings);
  const status = await withDaemon(invocation, ({ client }) => client.stack(stack));
  const { service, target } = findProofTarget(status, options.service, words);
  const path = options.path ?? target.path ?? '/';
  noteChoice(invocation, service, target, path);

  using escalation = takeEscalation(invocation);
  const log = new RequestLog();
  const progress = openProofProgress(invocation, `${command.text}  ${target.url}`, log);
  let report: ProofReport;
  try {
    report = await runProof({
      stack,
      service,
      target,
      load: {
        ratePerSecond: options.rate,
        path,
        postEvery: options.postEvery,
        timeoutMs: options.timeout,
      },
      command,
      surroundings,
      objectives,
      lengths: {
        beforeMs: options.before,
        afterMs: options.after,
        leastMs: options.for,
        steadyWithinMs: options.steadyWithin,
      },
      view: viewOf(invocation, stack),
      log,
      observer: progress,
      stop: AbortSignal.any([escalation.first, output.closed]),
      abandon: escalation.second,
    });
  } finally {
    progress.finish();
  }

  if (output.isJson) output.json(report);
  else output.lines(renderProof(report, output));
  if (html !== undefined) {
    await html.write(renderProofPage(report));
    output.note(output.errorStyle.dim(`written: ${html.path}`));
  }
  if (report.isInterrupted) return exitCodes.interrupted;
  return report.verdict.isGood ? exitCodes.ok : exitCodes.failed;
}

/** A daemon that the change itself ended is started again, as by any command. */
function viewOf(invocation: Invocation, stack: string): StackView {
  const client = createDaemonClient(homeOf(invocation).socketPath);
  return {
    status: async () => {
      try {
        return await client.stack(stack);
      } catch (thrown) {
        if (!isTenfoldError(thrown, 'daemon-unreachable')) throw thrown;
        return withDaemon(invocation, (connection) => connection.client.stack(stack));
      }
    },
    events: (sinceMs, signal) => client.events({ stack, follow: true, sinceMs }, signal),
  };
}

function ownCommandLine({ globals }: Invocation, stack: string, verbs: readonly string[]): OwnCommandLine {
  const repeated = (option: string, values: readonly string[]): string[] =>
    values.flatMap((value) => [option, value]);
  return {
    file: process.execPath,
    args: [mainFile],
    globals: [
      ...repeated('--project-name', [stack]),
      ...repeated('--file', globals.files),
      ...repeated('--profile', globals.profiles),
      ...repeated('--env-file', globals.envFiles),
      ...repeated(
        '--project-directory',
        globals.projectDirectory === undefined ? [] : [globals.projectDirectory],
      ),
    ],
    verbs,
  };
}
