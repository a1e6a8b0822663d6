import { lengthMs, levelAt } from './level.ts';
import type { ModelContext, RunningModel } from './model.ts';

/** How often the number of users is brought to what the stages say. */
const adjustMs = 50;
/** A user who got no answer at all does not try again at once; nothing would be measured but the loop itself. */
const pauseAfterFailureMs = 100;

export interface ClosedModelOptions {
  /** No user begins anything more. */
  readonly onScheduled: () => void;
}

/** Users who each send a request, wait for its answer, think, and send the next. */
export function runClosedModel(context: ModelContext, options: ClosedModelOptions): RunningModel {
  const { timing, startedAt, segments, launch } = context;
  const endMs = lengthMs(segments);
  /** Users who are sending or thinking, by their number from 0. */
  const active = new Set<number>();
  const thinking = new Map<number, () => void>();
  let wanted = 0;
  let cancel: () => void = () => {};
  let isStopped = false;

  function adjust(): void {
    const elapsed = timing.now() - startedAt;
    if (elapsed >= endMs) return stop();
    wanted = Math.round(levelAt(segments, elapsed));
    for (const [user, wake] of thinking) if (user >= wanted) dismiss(user, wake);
    for (let user = 0; user < wanted; user += 1) {
      if (active.has(user)) continue;
      active.add(user);
      iterate(user);
    }
    cancel = timing.after(Math.min(adjustMs, endMs - elapsed), adjust);
  }

  function iterate(user: number): void {
    launch(timing.now(), (reply, thinkMs) => {
      // A user whose time is over is not sent on.
      if (mustEnd(user)) return void active.delete(user);
      const pauseMs = reply.kind === 'response' ? thinkMs : Math.max(thinkMs, pauseAfterFailureMs);
      if (pauseMs <= 0) return iterate(user);
      const wake = timing.after(pauseMs, () => {
        thinking.delete(user);
        if (mustEnd(user)) active.delete(user);
        else iterate(user);
      });
      thinking.set(user, wake);
    });
  }

  function mustEnd(user: number): boolean {
    return isStopped || user >= wanted || timing.now() - startedAt >= endMs;
  }

  function dismiss(user: number, wake: () => void): void {
    wake();
    thinking.delete(user);
    active.delete(user);
  }

  function stop(): void {
    if (isStopped) return;
    isStopped = true;
    cancel();
    for (const [user, wake] of thinking) dismiss(user, wake);
    options.onScheduled();
  }

  adjust();
  return { stop };
}
