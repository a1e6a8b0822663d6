import { addVerb, type Program } from '../verb.ts';
import type { ChangeReport } from '../../daemon/control-api.ts';
import { isTenfoldError } from '../../shared/errors.ts';
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
          try {
            await runChange(invocation, client, { stack, verb: 'down', request });
          } catch (thrown) {
            // As with docker compose, what is not there needs no taking down.
            if (!isTenfoldError(thrown, 'unknown-stack')) throw thrown;
            if (invocation.output.isJson)
              invocation.output.json({ type: 'report', report: nothingDown(stack) });
            else invocation.output.warn(`no stack ${stack} is known, so there is nothing to take down`);
          }
        },
        { mayEndDaemon: true },
      );
    },
  });
}

function nothingDown(stack: string): ChangeReport {
  return {
    command: 'down',
    stack,
    durationMs: 0,
    hasChanged: false,
    services: [],
    traffic: { requests: 0, drained: 0, forced: 0, forcedStreams: 0, retried: 0, failed: 0, failures: {} },
    warnings: [],
  };
}
