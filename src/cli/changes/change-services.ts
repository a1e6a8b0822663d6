import type { Command } from 'commander';
import type { ServicesRequest } from '../../daemon/control-api.ts';
import { withDaemon, type Invocation } from '../invocation.ts';
import { stackName } from '../project.ts';
import { requireServices } from '../scale-values.ts';
import { servicesOf } from './change-options.ts';
import { runChange } from './run-change.ts';

/** What `stop`, `start` and `restart` have in common: a change of the named services, or of all. */
export async function changeServices(
  invocation: Invocation,
  verb: 'stop' | 'start' | 'restart',
  words: readonly string[],
  request: Pick<ServicesRequest, 'graceMs' | 'isDryRun'>,
): Promise<void> {
  const stack = await stackName(invocation);
  const mayEndDaemon = verb === 'stop';
  await withDaemon(
    invocation,
    async ({ client }) => {
      const { services } = await client.stack(stack);
      requireServices(
        stack,
        words,
        services.map(({ name }) => name),
      );
      await runChange(invocation, client, { stack, verb, request: { ...request, ...servicesOf(words) } });
    },
    { mayEndDaemon },
  );
}

/** The argument of a verb that works on some services or on all. */
export function servicesArgument(command: Command): Command {
  return command.argument('[service...]', 'services; all when none is named');
}
