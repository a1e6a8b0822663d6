import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerInspectInfo } from 'dockerode';
import type { Replica } from '../../../model/replica.ts';
import type { StopOptions } from '../../runtime-driver.ts';
import type { Engine } from '../engine/engine.ts';
import { engineStatus, isNotFound } from '../engine/engine-error.ts';
import { inspectContainer } from './observe.ts';

/** First API version whose stop takes the signal to send. */
const stopSignalMinor = 42;

/**
 * Stops a container and returns when it no longer runs. The engine itself counts the grace, so that the kill comes
 * even when this process ends meanwhile; and a container stopped so is not restarted by its restart policy.
 */
export async function stopContainer(
  engine: Engine,
  replica: Replica,
  options: StopOptions,
  signal: AbortSignal,
): Promise<void> {
  const details = await inspectContainer(engine, replica.id, signal);
  if (details === undefined || !details.State.Running) return;
  // A frozen process gets no signal until it is thawed.
  if (details.State.Paused) await act(engine, replica, 'unpause', {}, signal);
  const isImmediate = options.graceMs <= 0;
  const takesSignal = (await engine.apiMinor(signal)) >= stopSignalMinor;
  if (isImmediate) {
    await act(engine, replica, 'stop', { t: 0 }, signal);
  } else if (takesSignal || sameSignal(details, options.signal)) {
    await stopWithin(engine, replica, takesSignal ? options.signal : undefined, options.graceMs, signal);
  } else {
    await act(engine, replica, 'kill', { signal: options.signal }, signal);
    await exitOrElapse(engine, replica, options.graceMs, signal);
    // Kills what is left, and ends what a restart policy started again.
    await act(engine, replica, 'stop', { t: 0 }, signal);
  }
  await waitUntilStopped(engine, replica, signal);
}

/** The engine counts whole seconds; what is asked for in between is counted here. */
async function stopWithin(
  engine: Engine,
  replica: Replica,
  name: string | undefined,
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const stopping = act(engine, replica, 'stop', { t: Math.ceil(graceMs / 1000), signal: name }, signal);
  const killing = sleep(graceMs, undefined, { signal: both })
    .then(() => act(engine, replica, 'kill', { signal: 'SIGKILL' }, both))
    .catch(() => {
      // It stopped in time, or the caller gave up, or the engine is gone; the stop itself says which.
    });
  try {
    await stopping;
  } finally {
    over.abort();
  }
  await killing;
}

async function exitOrElapse(
  engine: Engine,
  replica: Replica,
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const elapsed = AbortSignal.timeout(graceMs);
  try {
    await waitUntilStopped(engine, replica, AbortSignal.any([signal, elapsed]));
  } catch (thrown) {
    if (signal.aborted || !elapsed.aborted) throw thrown;
  }
}

async function waitUntilStopped(engine: Engine, replica: Replica, signal: AbortSignal): Promise<void> {
  await act(engine, replica, 'wait', { condition: 'not-running' }, signal);
}

async function act(
  engine: Engine,
  replica: Replica,
  action: 'stop' | 'kill' | 'wait' | 'unpause',
  query: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<void> {
  const words = action === 'wait' ? 'wait for the end of' : action;
  try {
    await engine.send(`${words} the container ${replica.name}`, {
      method: 'POST',
      path: `/containers/${replica.id}/${action}`,
      query,
      signal,
    });
  } catch (thrown) {
    // Gone, or it stopped by itself meanwhile: what was asked for has happened.
    if (isNotFound(thrown) || engineStatus(thrown) === 409) return;
    throw thrown;
  }
}

function sameSignal({ Config }: ContainerInspectInfo, name: string): boolean {
  const isNamed = 'StopSignal' in Config && typeof Config.StopSignal === 'string' && Config.StopSignal;
  const own = isNamed || 'SIGTERM';
  return own.replace(/^SIG/, '') === name.replace(/^SIG/, '');
}
