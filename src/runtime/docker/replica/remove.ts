import { setTimeout as sleep } from 'node:timers/promises';
import type { Replica } from '../../../model/replica.ts';
import type { Engine } from '../engine/engine.ts';
import { engineStatus, engineWords, isNotFound } from '../engine/engine-error.ts';

const pollMs = 50;

/** Removes a stopped container with its anonymous volumes, and returns when it is gone. */
export async function removeContainer(engine: Engine, replica: Replica, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      return await engine.send(`remove the container ${replica.name}`, {
        method: 'DELETE',
        path: `/containers/${replica.id}`,
        query: { v: true },
        signal,
      });
    } catch (thrown) {
      if (isNotFound(thrown)) return;
      // Somebody else is removing it: it is gone when the engine says 404.
      const isUnderWay = engineStatus(thrown) === 409 && /already in progress/i.test(engineWords(thrown));
      if (!isUnderWay) throw thrown;
    }
    await sleep(pollMs, undefined, { signal });
  }
}

/** Removes a container whatever it is doing; one that is gone already is removed. */
export async function removeContainerNow(engine: Engine, name: string, signal: AbortSignal): Promise<void> {
  try {
    await engine.send(`remove the container ${name}`, {
      method: 'DELETE',
      path: `/containers/${encodeURIComponent(name)}`,
      query: { force: true, v: true },
      signal,
    });
  } catch (thrown) {
    if (!isNotFound(thrown) && !/already in progress/i.test(engineWords(thrown))) throw thrown;
  }
}
