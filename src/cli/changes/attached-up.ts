import type { ChangeReport, StackStatus } from '../../daemon/control-api.ts';
import { TenfoldError, isTenfoldError } from '../../shared/errors.ts';
import type { DaemonClient } from '../connection/daemon-client.ts';
import { takeEscalation, type Escalation } from '../escalation.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Invocation } from '../invocation.ts';
import { openChangeDisplay } from '../terminal/change-display.ts';
import { openStackFollower, type StackFollower } from './follow-stack.ts';
import { followChange, printReport, type Change } from './run-change.ts';
import { printStackStatus } from './stack-summary.ts';

/**
 * Brings the stack up and stays with it: its logs are printed until it is interrupted, which stops the stack, or
 * until somebody else stops it. A first interruption stops in order, a second one at once.
 */
export async function runAttachedUp(
  invocation: Invocation,
  client: DaemonClient,
  change: Change<'up'>,
): Promise<number> {
  using escalation = takeEscalation(invocation);
  const { output, surroundings } = invocation;
  const stopRequested = AbortSignal.any([escalation.first, output.closed]);
  const startedAt = surroundings.clock.now();
  const before = await findStack(client, change.stack);
  const stop = stopOf(change, before);
  try {
    printReport(invocation, await followChange(invocation, client, change, stopRequested));
  } catch (thrown) {
    if (!stopRequested.aborted) throw thrown;
    await stopStack(invocation, client, stop, escalation, undefined);
    return exitCodes.interrupted;
  }
  const status = await client.stack(change.stack);
  printStackStatus(invocation, status);
  await using follower = openStackFollower(invocation, client, status, {
    services: change.request.services ?? [],
    sinceMs: startedAt,
  });
  await follower.untilStopped(stopRequested);
  if (!stopRequested.aborted) return exitCodes.ok;
  await stopStack(invocation, client, stop, escalation, follower);
  return escalation.second.aborted ? exitCodes.interrupted : exitCodes.ok;
}

/** What is to be stopped in the end: the named services of a stack that ran before, otherwise all of it. */
function stopOf({ stack, request }: Change<'up'>, before: StackStatus | undefined): Change<'stop'> {
  const { services } = request;
  const isPart = services !== undefined && before?.phase === 'running';
  return { stack, verb: 'stop', request: isPart ? { services } : {} };
}

async function findStack(client: DaemonClient, name: string): Promise<StackStatus | undefined> {
  try {
    return await client.stack(name);
  } catch (thrown) {
    if (isTenfoldError(thrown, 'unknown-stack')) return undefined;
    throw thrown;
  }
}

/** Stops in order; when the second interruption comes, at once; when the third comes, throws `interrupted`. */
async function stopStack(
  invocation: Invocation,
  client: DaemonClient,
  stop: Change<'stop'>,
  { second, third }: Escalation,
  follower: StackFollower | undefined,
): Promise<void> {
  const { output } = invocation;
  if (!output.isJson) {
    output.note(`${output.isLive ? '\r' : ''}Stopping ${stop.stack}; Ctrl-C again stops it at once.`);
  }
  const follow = (
    title: string,
    change: Change<'stop'>,
    signal: AbortSignal,
  ): Promise<ChangeReport | undefined> => {
    const display = openChangeDisplay(invocation, `${title} ${stop.stack}`);
    follower?.printThrough(display);
    return followChange(invocation, client, change, signal, display);
  };
  try {
    printReport(invocation, await follow('stop', stop, second));
  } catch (thrown) {
    // Interrupted before the daemon had heard of it, or taken down by somebody else: nothing is left to stop.
    if (isTenfoldError(thrown, 'unknown-stack')) return;
    if (!second.aborted) throw thrown;
    try {
      await killReplicas(invocation, client, stop, third);
      await follow('kill', { ...stop, request: { ...stop.request, graceMs: 0 } }, third);
    } catch (thrown) {
      throw third.aborted ? leftRunning(stop.stack, thrown) : thrown;
    }
  }
}

async function killReplicas(
  { requester }: Invocation,
  client: DaemonClient,
  { stack, request: { services } }: Change<'stop'>,
  signal: AbortSignal,
): Promise<void> {
  const request = { requester, signal: 'SIGKILL', ...(services === undefined ? {} : { targets: services }) };
  const messages = client.change(stack, 'kill', request, signal);
  while ((await messages.next()).done !== true);
}

function leftRunning(stack: string, cause: unknown): TenfoldError {
  return new TenfoldError('interrupted', `interrupted while ${stack} was being stopped`, {
    hint: `\`tenfold ps -p ${stack}\` shows what is left, \`tenfold down -p ${stack}\` removes it`,
    cause,
  });
}
