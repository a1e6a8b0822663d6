import type { Command } from 'commander';
import type { RolloutRequest } from '../../daemon/rollout-api.ts';
import { dryRunOption, servicesOf, type DryRunOptions } from '../changes/change-options.ts';
import { followChange, runChange } from '../changes/run-change.ts';
import { takeInterruptions, withDaemon, type Invocation } from '../invocation.ts';
import { stackName } from '../project.ts';
import { addVerb, type Program } from '../verb.ts';
import { TenfoldError } from '../../shared/errors.ts';

export function addRolloutPause(program: Program): void {
  addVerb<object>(program, {
    name: 'pause',
    summary: 'halt rollouts where they stand, until resume',
    define: servicesArgument,
    run: ({ invocation, words }) =>
      steer(invocation, words, { action: 'pause' }, 'halted; `tenfold rollout resume` goes on'),
  });
}

export function addRolloutResume(program: Program): void {
  addVerb<object>(program, {
    name: 'resume',
    summary: 'go on with rollouts that were paused, or that have halted because something failed',
    define: servicesArgument,
    run: ({ invocation, words }) => steer(invocation, words, { action: 'resume' }, 'goes on'),
  });
}

export function addRolloutPromote(program: Program): void {
  addVerb<{ readonly full?: true }>(program, {
    name: 'promote',
    summary: 'take a canary to its next share, whatever holds it; a kept set away',
    define: (command) =>
      servicesArgument(command).option('--full', 'all of the way, not only the next share'),
    run: ({ invocation, words, options }) =>
      steer(invocation, words, { action: 'promote', isWhole: options.full ?? false }, 'promoted'),
  });
}

export function addRolloutAbort(program: Program): void {
  addVerb<object>(program, {
    name: 'abort',
    summary: 'go back to what was before a rollout that is under way',
    description: 'The change that began it is undone as a whole.',
    define: servicesArgument,
    run: ({ invocation, words }) => steer(invocation, words, { action: 'abort' }, 'aborted, and back'),
  });
}

export function addRolloutUndo(program: Program): void {
  addVerb<DryRunOptions & { readonly to?: string }>(program, {
    name: 'undo',
    summary: 'go back to a revision that ran before',
    description:
      'Without --to, the last one that succeeded. At the pace of rollback_config; at once where its replicas are still kept.',
    define: (command) =>
      servicesArgument(command)
        .option('--to <revision>', 'a number of the history, or the beginning of a revision')
        .addOption(dryRunOption()),
    run: async ({ invocation, words, options }) => {
      const stack = await stackName(invocation);
      const request = {
        action: 'undo' as const,
        ...servicesOf(words),
        ...(options.to !== undefined && { to: options.to }),
        isDryRun: options.dryRun ?? false,
      };
      await withDaemon(invocation, async ({ client }) => {
        await runChange(invocation, client, { stack, verb: 'rollout', request });
      });
    },
  });
}

function servicesArgument(command: Command): Command {
  return command.argument('[service...]', 'services; all that it can apply to when none is named');
}

async function steer(
  invocation: Invocation,
  words: readonly string[],
  request: Pick<RolloutRequest, 'action' | 'isWhole'>,
  done: string,
): Promise<void> {
  const { output } = invocation;
  const stack = await stackName(invocation);
  using interruptions = takeInterruptions(
    invocation,
    () => new TenfoldError('interrupted', 'interrupted; the daemon goes on with it'),
  );
  const change = { stack, verb: 'rollout', request: { ...request, ...servicesOf(words) } } as const;
  const report = await withDaemon(invocation, ({ client }) =>
    followChange(invocation, client, change, interruptions.signal),
  );
  if (!output.isJson && report !== undefined)
    for (const { service } of report.services) output.line(`${service}: ${done}`);
}
