import { addVerb, type Program } from '../verb.ts';
import {
  dryRunOption,
  graceOf,
  timeoutOption,
  type DryRunOptions,
  type TimeoutOptions,
} from './change-options.ts';
import { changeServices, servicesArgument } from './change-services.ts';

export function addStop(program: Program): void {
  addVerb<DryRunOptions & TimeoutOptions>(program, {
    name: 'stop',
    summary: 'stop replicas without removing them',
    define: (command) => servicesArgument(command).addOption(timeoutOption()).addOption(dryRunOption()),
    run: ({ invocation, options, words }) =>
      changeServices(invocation, 'stop', words, { ...graceOf(options), isDryRun: options.dryRun ?? false }),
  });
}
