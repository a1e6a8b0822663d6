import { addVerb, type Program } from '../verb.ts';
import {
  dryRunOption,
  graceOf,
  timeoutOption,
  type DryRunOptions,
  type TimeoutOptions,
} from './change-options.ts';
import { changeServices, servicesArgument } from './change-services.ts';

export function addRestart(program: Program): void {
  addVerb<DryRunOptions & TimeoutOptions>(program, {
    name: 'restart',
    summary: 'restart replicas one after the other, without a gap in service',
    define: (command) => servicesArgument(command).addOption(timeoutOption()).addOption(dryRunOption()),
    run: ({ invocation, options, words }) =>
      changeServices(invocation, 'restart', words, {
        ...graceOf(options),
        isDryRun: options.dryRun ?? false,
      }),
  });
}
