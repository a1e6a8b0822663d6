import { TenfoldError } from '../../shared/errors.ts';
import type { DaemonClient } from '../connection/daemon-client.ts';
import { exitCodes } from '../exit-codes.ts';
import { takeInterruptions, withDaemon, type Invocation } from '../invocation.ts';

/**
 * Prints what a stream of the daemon brings until it ends, the command is interrupted (exit code 130) or nobody
 * reads any more.
 */
export async function printStream<Message>(
  invocation: Invocation,
  open: (client: DaemonClient, signal: AbortSignal) => Promise<AsyncIterable<Message>>,
  print: (message: Message) => void,
): Promise<number> {
  const { closed } = invocation.output;
  using interruptions = takeInterruptions(invocation, () => new TenfoldError('interrupted', 'interrupted'));
  const signal = AbortSignal.any([interruptions.signal, closed]);
  return await withDaemon(invocation, async ({ client }) => {
    try {
      for await (const message of await open(client, signal)) print(message);
      return exitCodes.ok;
    } catch (thrown) {
      if (interruptions.signal.aborted) return exitCodes.interrupted;
      if (closed.aborted) return exitCodes.ok;
      throw thrown;
    }
  });
}
