import type { BalancingPolicy } from '../../model/balancing.ts';
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

export function balancingPolicy(tenfold: XTenfold): BalancingPolicy {
  const { health = {} } = tenfold;
  return {
    algorithm: tenfold.algorithm ?? 'least_conn',
    maxFails: tenfold.max_fails ?? 3,
    failTimeoutMs: milliseconds(tenfold.fail_timeout, 10_000),
    slowStartMs: milliseconds(tenfold.slow_start, 0),
    drainTimeoutMs: milliseconds(tenfold.drain_timeout, 30_000),
    connectTimeoutMs: milliseconds(tenfold.connect_timeout, 2_000),
    responseTimeoutMs: milliseconds(tenfold.response_timeout, 60_000),
    retries: tenfold.retries ?? 1,
    responseHeaders: tenfold.response_headers ?? true,
    activeHealth: {
      path: health.path,
      intervalMs: milliseconds(health.interval, 2_000),
      timeoutMs: milliseconds(health.timeout, 2_000),
      rise: health.rise ?? 2,
      fall: health.fall ?? 3,
    },
  };
}

export function startTimeoutMs(tenfold: XTenfold): number {
  return milliseconds(tenfold.start_timeout, 60_000);
}
