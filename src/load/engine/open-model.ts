import { arrivalTimes, lengthMs } from './level.ts';
import type { ModelContext, RunningModel } from './model.ts';

export interface OpenModelOptions {
  /** Requests that may be under way at a time; one that is due beyond it is dropped. */
  readonly maxInFlight: number;
  readonly onDropped: () => void;
  /** Everything that was due has been sent or dropped, and the time is over. */
  readonly onScheduled: () => void;
}

/**
 * Sends requests when they are due, whatever became of those before: a server that stalls is sent as much as one that
 * does not. What the timer was late for goes out at once.
 */
export function runOpenModel(context: ModelContext, options: OpenModelOptions): RunningModel {
  const { timing, startedAt, segments, launch } = context;
  const times = arrivalTimes(segments);
  const endMs = lengthMs(segments);
  let next = times.next();
  let inFlight = 0;
  let cancel: () => void = () => {};
  let isStopped = false;

  function tick(): void {
    const elapsed = timing.now() - startedAt;
    while (next.done !== true && next.value <= elapsed) {
      begin(startedAt + next.value);
      next = times.next();
    }
    if (isStopped) return;
    // The schedule lasts to its end, also when nothing more is due: rates are taken over all of it.
    const nextMs = next.done === true ? endMs : next.value;
    if (nextMs <= elapsed) return stop();
    cancel = timing.after(Math.max(0, startedAt + nextMs - timing.now()), tick);
  }

  function begin(dueAt: number): void {
    if (inFlight >= options.maxInFlight) return options.onDropped();
    inFlight += 1;
    launch(dueAt, () => {
      inFlight -= 1;
    });
  }

  function stop(): void {
    if (isStopped) return;
    isStopped = true;
    cancel();
    options.onScheduled();
  }

  tick();
  return { stop };
}
