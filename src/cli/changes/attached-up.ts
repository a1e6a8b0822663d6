import type { StackStatus } from '../../daemon/control-api.ts';
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

async function stopStack(
  invocation: Invocation,
  client: DaemonClient,
  stop: Change<'stop'>,
  escalation: Escalation,
  follower: StackFollower | undefined,
): Promise<void> {
  const { output } = invocation;
  if (!output.isJson)
    output.note(`${output.isLive ? '\r' : ''}Stopping ${stop.stack}; Ctrl-C again stops it at once.`);
  const display = openChangeDisplay(invocation, `stop ${stop.stack}`);
  follower?.printThrough(display);
  const killing = onceAborted(escalation.second, () => killStack(invocation, client, stop, escalation.third));
  try {
    const report = await followChange(invocation, client, stop, escalation.third, display);
    await killing();
    printReport(invocation, report);
  } catch (thrown) {
    if (!escalation.third.aborted) throw thrown;
    throw new TenfoldError('interrupted', `interrupted while ${stop.stack} was being stopped`, {
      hint: `\`tenfold ps -p ${stop.stack}\` shows what is left, \`tenfold down -p ${stop.stack}\` removes it`,
      cause: thrown,
    });
  }
}

/** Runs `work` when the signal aborts; the returned function waits for it if it has begun. */
function onceAborted(signal: AbortSignal, work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  const begin = (): void => {
    running = work();
  };
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  return () => {
    signal.removeEventListener('abort', begin);
    return running;
  };
}

async function killStack(
  { requester, output }: Invocation,
  client: DaemonClient,
  { stack, request: { services } }: Change<'stop'>,
  signal: AbortSignal,
): Promise<void> {
  const targets = services === undefined ? {} : { targets: services };
  try {
    await untilEnd(client.change(stack, 'kill', { requester, signal: 'SIGKILL', ...targets }, signal));
    const stop = { requester, graceMs: 0, ...(services === undefined ? {} : { services }) };
    await untilEnd(client.change(stack, 'stop', stop, signal));
  } catch (thrown) {
    // The stop that is already under way has the last word on what is left.
    if (!isTenfoldError(thrown)) throw thrown;
    if (!signal.aborted) output.warn(thrown.message);
  }
}

async function untilEnd(messages: AsyncIterator<unknown>): Promise<void> {
  while ((await messages.next()).done !== true);
}
