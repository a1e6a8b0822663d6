import type { Call } from './control-server.ts';
import { beginStream } from './reply.ts';
import { refuseDuringRollout } from '../rollout/refuse-during-rollout.ts';
import type { ChangeMessage, StackEvent } from '../control-api.ts';
import type { StackRegistry } from '../stack/stack-registry.ts';

/** The last message of a change's stream. */
export type Outcome = Exclude<ChangeMessage, { type: 'event' }>;

/**
 * Runs a command on the stack that the call names, when those before it are done (`supersedes`: without waiting for what
 * they began). Streams the stack's events while it runs, then its outcome.
 */
export async function streamChange(
  registry: StackRegistry,
  call: Call,
  supersedes: string | undefined,
  run: (signal: AbortSignal) => Promise<Outcome>,
): Promise<void> {
  const name = call.parameters['name'] ?? '';
  const session = registry.find(name);
  // A rollout may last for hours: who would have to wait for it is told so at once.
  if (session !== undefined && supersedes === undefined)
    refuseDuringRollout(session.controller.desired, call.url.pathname.split('/').at(-1) ?? 'this');
  let send: ReturnType<typeof beginStream> | undefined;
  if (supersedes === undefined && registry.isBusy(name)) {
    send = beginStream(call.response);
    const message = 'waits for the command that is at work on this stack';
    const event: StackEvent = { time: Date.now(), stack: name, kind: 'progress', message };
    send({ type: 'event', event } satisfies ChangeMessage);
  }
  const outcome = registry.exclusively(name, supersedes, async (signal) => {
    send ??= beginStream(call.response);
    const tell = send;
    const unsubscribe = registry.options.journal.subscribe((event) => {
      if (event.stack === name) tell({ type: 'event', event } satisfies ChangeMessage);
    });
    try {
      tell(await run(signal));
    } finally {
      unsubscribe();
    }
  });
  await outcome;
  call.response.end();
}
