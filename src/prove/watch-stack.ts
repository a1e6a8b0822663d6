import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceStatus, StackEvent, StackStatus } from '../daemon/control-api.ts';
import { isTenfoldError } from '../shared/errors.ts';

/** The stack as its daemon sees it. Both throw `daemon-unreachable` when that does not answer. */
export interface StackView {
  /** Throws `unknown-stack` when it is gone. */
  status(): Promise<StackStatus>;
  /** What happens from that time on, milliseconds since the epoch; goes on until the signal. */
  events(sinceMs: number, signal: AbortSignal): AsyncIterable<StackEvent>;
}

const reconnectMs = 250;
const pollMs = 100;
/** A replica that was just killed is not yet seen as dead; only what stays steady is. */
const settleMs = 1000;

/** Hands on every event until the signal, also across the end of a daemon and the start of the next. */
export async function followEvents(
  view: StackView,
  startedAt: number,
  onEvent: (event: StackEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const seen = new Set<string>();
  let sinceMs = startedAt;
  while (!signal.aborted) {
    try {
      for await (const event of view.events(sinceMs, signal)) {
        const key = JSON.stringify(event);
        if (seen.has(key)) continue;
        seen.add(key);
        sinceMs = event.time;
        onEvent(event);
      }
    } catch (thrown) {
      if (signal.aborted) return;
      if (!isTenfoldError(thrown)) throw thrown;
    }
    await sleep(reconnectMs, undefined, { signal }).catch(() => {});
  }
}

/** Waits until nothing is left to do; since when, milliseconds since the epoch, or undefined when the time is up. */
export async function untilSteady(
  view: StackView,
  limitMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const deadline = Date.now() + limitMs;
  let steadySince: number | undefined;
  while (!signal.aborted) {
    const askedAt = Date.now();
    const state = await stateOf(view);
    if (state === 'gone') return askedAt;
    if (state === 'busy') steadySince = undefined;
    else {
      steadySince ??= askedAt;
      if (Date.now() - steadySince >= settleMs) return steadySince;
    }
    if (Date.now() >= deadline && steadySince === undefined) return undefined;
    await sleep(pollMs, undefined, { signal }).catch(() => {});
  }
  return undefined;
}

async function stateOf(view: StackView): Promise<'steady' | 'busy' | 'gone'> {
  try {
    return (await view.status()).isSteady ? 'steady' : 'busy';
  } catch (thrown) {
    // Nothing is left to do for a stack that was taken down.
    if (isTenfoldError(thrown, 'unknown-stack')) return 'gone';
    if (isTenfoldError(thrown)) return 'busy';
    throw thrown;
  }
}

/** The service as it is now; undefined when it, its stack or the daemon is gone. */
export async function serviceNow(view: StackView, service: string): Promise<ServiceStatus | undefined> {
  try {
    return (await view.status()).services.find(({ name }) => name === service);
  } catch (thrown) {
    if (isTenfoldError(thrown)) return undefined;
    throw thrown;
  }
}
