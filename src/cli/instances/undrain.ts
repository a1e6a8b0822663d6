import { addVerb, type Program } from '../verb.ts';
import { withDaemon } from '../invocation.ts';
import { stackName } from '../project.ts';
import { requireInstance } from '../targets.ts';
import { dryRunOption, type DryRunOptions } from '../changes/change-options.ts';
import { runChange } from '../changes/run-change.ts';

export function addUndrain(program: Program): void {
  addVerb<DryRunOptions>(program, {
    name: 'undrain',
    summary: 'put a drained instance back into rotation',
    define: (command) => command.argument('<instance>', 'instance, such as web-1').addOption(dryRunOption()),
    run: async ({ invocation, options, words: [instance = ''] }) => {
      const stack = await stackName(invocation);
      const request = { instance, isDryRun: options.dryRun ?? false };
      await withDaemon(invocation, async ({ client }) => {
        requireInstance(await client.stack(stack), instance);
        await runChange(invocation, client, { stack, verb: 'undrain', request });
      });
    },
  });
}
