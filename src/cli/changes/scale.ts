import type { Program } from '../verb.ts';
import { addVerb } from '../verb.ts';
import { withDaemon } from '../invocation.ts';
import { stackName } from '../project.ts';
import { parseScaleValues, requireServices } from '../scale-values.ts';
import { dryRunOption, type DryRunOptions } from './change-options.ts';
import { runChange } from './run-change.ts';

export function addScale(program: Program): void {
  addVerb<DryRunOptions>(program, {
    name: 'scale',
    summary: 'set how many replicas services have',
    description:
      'The number stays until the file’s own `deploy.replicas` changes, or `up --reset-scale` forgets it.',
    define: (command) =>
      command.argument('<service=n...>', 'service and its number of replicas').addOption(dryRunOption()),
    run: async ({ invocation, options, words }) => {
      const scale = parseScaleValues(words);
      const stack = await stackName(invocation);
      await withDaemon(invocation, async ({ client }) => {
        const { services } = await client.stack(stack);
        requireServices(
          stack,
          Object.keys(scale),
          services.map(({ name }) => name),
        );
        const request = { scale, isDryRun: options.dryRun ?? false };
        await runChange(invocation, client, { stack, verb: 'scale', request });
      });
    },
  });
}
