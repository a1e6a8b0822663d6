import type { ChangeReport } from '../../daemon/control-api.ts';
import { TenfoldError } from '../../shared/errors.ts';
import type { ChangeRequests, ChangeVerb, DaemonClient } from '../connection/daemon-client.ts';
import { takeInterruptions, type Invocation } from '../invocation.ts';
import { renderReport } from '../render/render-report.ts';
import { openChangeDisplay, type ChangeDisplay } from '../terminal/change-display.ts';

export interface Change<Verb extends ChangeVerb> {
  readonly stack: string;
  readonly verb: Verb;
  readonly request: Omit<ChangeRequests[Verb], 'requester'>;
}

/**
 * Asks the daemon for a change, shows it while it is under way, and prints its report, or the plan of a dry run.
 * Interrupted, it leaves the change to the daemon and throws `interrupted`.
 */
export async function runChange<Verb extends ChangeVerb>(
  invocation: Invocation,
  client: DaemonClient,
  change: Change<Verb>,
): Promise<ChangeReport | undefined> {
  using interruptions = takeInterruptions(invocation, () => leftToTheDaemon(change.stack));
  const report = await followChange(invocation, client, change, interruptions.signal);
  printReport(invocation, report);
  return report;
}

/** The report in words; as JSON it has been printed with the other messages. */
export function printReport({ output }: Invocation, report: ChangeReport | undefined): void {
  if (report === undefined || output.isJson) return;
  for (const warning of report.warnings) output.warn(warning);
  output.line(renderReport(report, output.style));
}

/** Shows a change until its end; undefined after a dry run, whose plan is printed. */
export async function followChange<Verb extends ChangeVerb>(
  invocation: Invocation,
  client: DaemonClient,
  { stack, verb, request }: Change<Verb>,
  signal: AbortSignal,
  display: ChangeDisplay = openChangeDisplay(invocation, `${verb} ${stack}`),
): Promise<ChangeReport | undefined> {
  const { output, requester } = invocation;
  let report: ChangeReport | undefined;
  let plan: string | undefined;
  try {
    for await (const message of client.change(stack, verb, { ...request, requester }, signal)) {
      display.message(message);
      if (message.type === 'report') report = message.report;
      if (message.type === 'plan') plan = message.text;
    }
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  } finally {
    display.finish();
  }
  if (plan !== undefined && !output.isJson) output.line(plan.trimEnd());
  if (report === undefined && plan === undefined) throw brokeOff(stack, verb);
  return report;
}

function leftToTheDaemon(stack: string): TenfoldError {
  return new TenfoldError('interrupted', 'interrupted; the daemon goes on with the change', {
    hint: `\`tenfold status -p ${stack}\` shows how far it is`,
  });
}

function brokeOff(stack: string, verb: string): TenfoldError {
  return new TenfoldError('daemon-unreachable', `the daemon went away before ${verb} was done`, {
    hint: `any command starts the daemon again, and it carries on; \`tenfold status -p ${stack}\` shows how far it is`,
  });
}
