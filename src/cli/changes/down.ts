import { addVerb, type Program } from '../verb.ts';
import { withDaemon } from '../invocation.ts';
import { stackName } from '../project.ts';
import {
  dryRunOption,
  graceOf,
  timeoutOption,
  type DryRunOptions,
  type TimeoutOptions,
} from './change-options.ts';
import { runChange } from './run-change.ts';

interface DownOptions extends DryRunOptions, TimeoutOptions {
  readonly volumes?: true;
  readonly removeOrphans?: true;
}

export function addDown(program: Program): void {
  addVerb<DownOptions>(program, {
    name: 'down',
    summary: 'stop and remove a stack',
    define: (command) =>
      command
        .option('-v, --volumes', 'remove its named volumes too')
        .option('--remove-orphans', 'remove replicas of services that the file no longer has')
        .addOption(timeoutOption())
        .addOption(dryRunOption()),
    run: async ({ invocation, options }) => {
      const stack = await stackName(invocation);
      const request = {
        removeVolumes: options.volumes ?? false,
        removeOrphans: options.removeOrphans ?? false,
        ...graceOf(options),
        isDryRun: options.dryRun ?? false,
      };
      await withDaemon(
        invocation,
        async ({ client }) => {
          await runChange(invocation, client, { stack, verb: 'down', request });
        },
        { mayEndDaemon: true },
      );
    },
  });
}
