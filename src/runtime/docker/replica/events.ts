import { jsonLines } from '../engine/json-lines.ts';
import type { Engine } from '../engine/engine.ts';
import { label } from '../labels.ts';
import { systemClock } from '../../../shared/clock.ts';

interface EngineEvent {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string };
}

export interface ChangeListener {
  /** Something about this container changed. */
  readonly onContainer: (containerId: string) => void;
  /** Anything may have changed: the stream begins, or was lost. */
  readonly onGap: () => void;
}

/** Health probes and people's own execs make events of their own, several a second; no state changes with them. */
const telling = [
  'create',
  'start',
  'die',
  'destroy',
  'rename',
  'update',
  'pause',
  'unpause',
  'oom',
  'health_status',
];

const firstDelayMs = 100;
const longestDelayMs = 2_000;

/** Follows the engine's events about a stack's containers until the signal aborts, and connects again when they end. */
export async function followEvents(
  engine: Engine,
  stackName: string,
  listener: ChangeListener,
  signal: AbortSignal,
): Promise<void> {
  let delayMs = firstDelayMs;
  let isConnected = false;
  while (!signal.aborted) {
    try {
      const stream = await engine.stream('tell its events', {
        method: 'GET',
        path: '/events',
        query: {
          filters: { type: ['container'], event: telling, label: [`${label.project}=${stackName}`] },
        },
        signal,
      });
      delayMs = firstDelayMs;
      isConnected = true;
      listener.onGap();
      for await (const event of jsonLines<EngineEvent>(stream)) listener.onContainer(event.Actor.ID);
    } catch {
      // Whatever it was, the next observation meets it too and says so; here it only means to try again.
    }
    if (signal.aborted) return;
    engine.forget();
    if (isConnected) listener.onGap();
    isConnected = false;
    await systemClock.sleep(delayMs, signal).catch(() => undefined);
    delayMs = Math.min(delayMs * 2, longestDelayMs);
  }
}
