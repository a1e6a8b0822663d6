import { jsonLines } from '../engine/json-lines.ts';
import type { Engine } from '../engine/engine.ts';
import { label } from '../labels.ts';
import { systemClock } from '../../../shared/clock.ts';

interface EngineEvent {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

export interface ChangeListener {
  /** Something about this container changed. */
  readonly onContainer: (containerId: string) => void;
  readonly onSignal: (containerId: string, signal: number) => void;
  readonly onStart: (containerId: string) => void;
  /** Anything may have changed: the stream begins. */
  readonly onBegin: () => void;
  /** Anything may have changed: the stream was lost. */
  readonly onLoss: () => void;
}

/** Health probes and people's own execs make events of their own, several a second; no state changes with them. */
const telling = [
  'create',
  'start',
  'kill',
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
      listener.onBegin();
      for await (const event of jsonLines<EngineEvent>(stream)) tell(listener, event);
    } catch {
      // Whatever it was, the next observation meets it too and says so; here it only means to try again.
    }
    if (signal.aborted) return;
    engine.forget();
    if (isConnected) listener.onLoss();
    isConnected = false;
    await systemClock.sleep(delayMs, signal).catch(() => undefined);
    delayMs = Math.min(delayMs * 2, longestDelayMs);
  }
}

function tell(listener: ChangeListener, { Action: action, Actor: actor }: EngineEvent): void {
  // An ambassador is no replica; whoever runs it hears of it by its control channel.
  if (label.role in actor.Attributes) return;
  // A signal changes nothing by itself; what follows from it comes as an event of its own.
  if (action === 'kill') return listener.onSignal(actor.ID, Number(actor.Attributes['signal']));
  if (action === 'start') listener.onStart(actor.ID);
  listener.onContainer(actor.ID);
}
