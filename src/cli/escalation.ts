import type { Invocation } from './invocation.ts';

/**
 * Interruptions closer together than this are one: a terminal tells the whole process group, and a parent such as
 * npm hands its own copy on.
 */
const sameKeypressMs = 400;

/** Interruptions in their order: the first asks to stop in order, the second to stop at once, the third to let go. */
export interface Escalation extends Disposable {
  readonly first: AbortSignal;
  readonly second: AbortSignal;
  readonly third: AbortSignal;
}

export function takeEscalation({ surroundings }: Invocation): Escalation {
  const { clock } = surroundings;
  const controllers = [new AbortController(), new AbortController(), new AbortController()] as const;
  let lastAt = Number.NEGATIVE_INFINITY;
  const release = surroundings.onInterruption(() => {
    const now = clock.now();
    if (now - lastAt < sameKeypressMs) return;
    lastAt = now;
    controllers.find(({ signal }) => !signal.aborted)?.abort();
  });
  const [first, second, third] = controllers;
  return { first: first.signal, second: second.signal, third: third.signal, [Symbol.dispose]: release };
}
