import type { DaemonClient } from '../connection/daemon-client.ts';
import { TenfoldError } from '../../shared/errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { collect } from '../global-options.ts';
import { takeInterruptions, withDaemon, type Invocation } from '../invocation.ts';
import { loadStack } from '../project.ts';
import { parseScaleValues, requireServices } from '../scale-values.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';
import { runAttachedUp } from './attached-up.ts';
import { dryRunOption, parseSeconds, servicesOf, type DryRunOptions } from './change-options.ts';
import { followChange, printReport, type Change } from './run-change.ts';
import { printStackStatus } from './stack-summary.ts';

interface UpOptions extends DryRunOptions {
  readonly detach?: true;
  readonly wait?: true;
  /** Milliseconds. */
  readonly waitTimeout?: number;
  readonly scale?: readonly string[];
  readonly resetScale?: true;
  readonly removeOrphans?: true;
  readonly forceRecreate?: true;
}

export function addUp(program: Program): void {
  addVerb<UpOptions>(program, {
    name: 'up',
    summary: 'create and start services, or bring them to what the file says',
    description:
      'Returns once every replica is healthy and in rotation; without -d it then stays, prints the services’ logs, ' +
      'and stops the stack on Ctrl-C. A second Ctrl-C stops it at once.',
    define: (command) =>
      command
        .argument('[service...]', 'services, with what they depend on; all when none is named')
        .option('-d, --detach', 'return when the stack is up')
        .option('--wait', 'the same as -d')
        .option('--wait-timeout <seconds>', 'longest time to wait; implies --wait', parseSeconds)
        .option('--scale <service=n>', 'number of replicas of a service; repeatable', collect)
        .option('--reset-scale', 'forget numbers of replicas that were set by hand')
        .option('--remove-orphans', 'remove replicas of services that the file no longer has')
        .option('--force-recreate', 'replace replicas even when nothing changed')
        .addOption(dryRunOption()),
    run: runUp,
  });
}

async function runUp({ invocation, options, words }: VerbCall<UpOptions>): Promise<number> {
  const scale = parseScaleValues(options.scale ?? []);
  const { stack, warnings, locate } = await loadStack(invocation);
  requireServices(stack.name, [...words, ...Object.keys(scale)], Object.keys(stack.services));
  for (const warning of warnings) invocation.output.warn(warning);
  const change: Change<'up'> = {
    stack: stack.name,
    verb: 'up',
    request: {
      stack,
      ...servicesOf(words),
      scale,
      resetScale: options.resetScale ?? false,
      removeOrphans: options.removeOrphans ?? false,
      forceRecreate: options.forceRecreate ?? false,
      isDryRun: options.dryRun ?? false,
    },
  };
  const isDetached =
    options.detach === true ||
    options.wait === true ||
    options.waitTimeout !== undefined ||
    options.dryRun === true;
  try {
    return await withDaemon(
      invocation,
      ({ client }) =>
        isDetached
          ? runDetachedUp(invocation, client, change, options)
          : runAttachedUp(invocation, client, change),
      { mayEndDaemon: !isDetached },
    );
  } catch (thrown) {
    throw thrown instanceof TenfoldError ? locate(thrown) : thrown;
  }
}

async function runDetachedUp(
  invocation: Invocation,
  client: DaemonClient,
  change: Change<'up'>,
  { waitTimeout }: UpOptions,
): Promise<number> {
  using interruptions = takeInterruptions(
    invocation,
    () =>
      new TenfoldError('interrupted', 'interrupted; the daemon goes on to bring the stack up', {
        hint: `\`tenfold down -p ${change.stack}\` takes it down again`,
      }),
  );
  const timeout = waitTimeout === undefined ? [] : [AbortSignal.timeout(waitTimeout)];
  const signal = AbortSignal.any([interruptions.signal, ...timeout]);
  try {
    const report = await followChange(invocation, client, change, signal);
    printReport(invocation, report);
    if (report !== undefined) printStackStatus(invocation, await client.stack(change.stack));
    return exitCodes.ok;
  } catch (thrown) {
    if (timeout.some(({ aborted }) => aborted) && !interruptions.signal.aborted) {
      throw await tooSlow(client, change.stack, waitTimeout ?? 0);
    }
    throw thrown;
  }
}

async function tooSlow(client: DaemonClient, stack: string, waitedMs: number): Promise<TenfoldError> {
  const { pending } = await client.stack(stack);
  return new TenfoldError('replica-failed', `${stack} is not up after ${waitedMs / 1000} s`, {
    details: pending.split('\n').filter((line) => line.trim() !== ''),
    hint: `the daemon goes on; \`tenfold status -p ${stack}\` shows how far it is`,
  });
}
