import type { Clock } from '../../shared/clock.ts';
import { TenfoldError } from '../../shared/errors.ts';
import type { ReplicaConsole } from '../runtime-driver.ts';
import { isRunning } from './memory-replica.ts';
import type { MemoryStacks } from './memory-stacks.ts';

/** Logs, commands and signals for pretended replicas. */
export function createMemoryConsole(
  stacks: MemoryStacks,
  clock: Clock,
  reach: (signal: AbortSignal) => void,
): ReplicaConsole {
  return {
    logs: (replica, options, signal) => stacks.logOf(replica.stack, replica.instance).read(options, signal),

    async exec(replica, { hook, onOutput }, signal) {
      reach(signal);
      const known = stacks.get(replica.id);
      if (known === undefined || !isRunning(known, clock.now()))
        throw new TenfoldError(
          'runtime-failed',
          `${replica.instance} does not run, so no command can run beside it`,
        );
      const result = known.behaviour.runCommand?.(hook.command) ?? {
        exitCode: 0,
        output: `not run, because the replica is only pretended: ${hook.command.join(' ')}\n`,
      };
      if (result.output !== '') onOutput?.('stdout', Buffer.from(result.output));
      return result;
    },

    async signal(replica, name, signal) {
      reach(signal);
      const known = stacks.get(replica.id);
      if (known !== undefined) stacks.sendSignal(known, name);
    },
  };
}
