import { addVerb, type Program } from '../verb.ts';
import { withDaemon } from '../invocation.ts';
import { stackName } from '../project.ts';
import { requireInstance } from '../targets.ts';
import { dryRunOption, type DryRunOptions } from '../changes/change-options.ts';
import { runChange } from '../changes/run-change.ts';

interface DrainOptions extends DryRunOptions {
  readonly force?: true;
}

export function addDrain(program: Program): void {
  addVerb<DrainOptions>(program, {
    name: 'drain',
    summary: 'take an instance out of rotation and let its requests finish',
    define: (command) =>
      command
        .argument('<instance>', 'instance, such as web-1')
        .option('--force', 'drain even the last replica in rotation')
        .addOption(dryRunOption()),
    run: async ({ invocation, options, words: [instance = ''] }) => {
      const stack = await stackName(invocation);
      const request = { instance, isForced: options.force ?? false, isDryRun: options.dryRun ?? false };
      await withDaemon(invocation, async ({ client }) => {
        requireInstance(await client.stack(stack), instance);
        await runChange(invocation, client, { stack, verb: 'drain', request });
      });
    },
  });
}
