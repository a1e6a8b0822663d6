import type { Project } from '../project.ts';
import { durationMs, parseDuration } from '../schema/quantities.ts';
import type { XTenfold } from '../schema/tenfold/x-tenfold.ts';

/** `x-tenfold` of a service over that of the file. */
export function tenfoldOf(name: string, { tenfold }: Project): XTenfold {
  const own = tenfold.services[name] ?? {};
  return {
    ...tenfold.defaults,
    ...own,
    health: { ...tenfold.defaults.health, ...own.health },
    rollout: { ...tenfold.defaults.rollout, ...own.rollout },
  };
}

/** Milliseconds of a canonical duration. */
export function milliseconds(duration: string | undefined, otherwise: number): number {
  const nanoseconds = duration === undefined ? undefined : parseDuration(duration);
  return nanoseconds === undefined ? otherwise : durationMs(nanoseconds);
}

export function startTimeoutMs(tenfold: XTenfold): number {
  return milliseconds(tenfold.start_timeout, 60_000);
}
