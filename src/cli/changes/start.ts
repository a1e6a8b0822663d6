import { addVerb, type Program } from '../verb.ts';
import { dryRunOption, type DryRunOptions } from './change-options.ts';
import { changeServices, servicesArgument } from './change-services.ts';

export function addStart(program: Program): void {
  addVerb<DryRunOptions>(program, {
    name: 'start',
    summary: 'start replicas that were stopped',
    define: (command) => servicesArgument(command).addOption(dryRunOption()),
    run: ({ invocation, options, words }) =>
      changeServices(invocation, 'start', words, { isDryRun: options.dryRun ?? false }),
  });
}
