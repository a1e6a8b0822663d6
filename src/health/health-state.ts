import type { HealthCheck } from '../model/service.ts';

export type HealthVerdict = 'starting' | 'healthy' | 'unhealthy';

/** What the checks of one run of a replica have shown so far. Times are milliseconds since the epoch. */
export interface HealthState {
  readonly health: HealthVerdict;
  /** When it became so. */
  readonly since: number;
  /** Failures in a row that count. */
  readonly failures: number;
  /** What the last check said. */
  readonly lastOutput: string | undefined;
}

export interface CheckResult {
  readonly isPassed: boolean;
  readonly output: string;
  /** When the check began. */
  readonly startedAt: number;
}

/** When a check is made and how much a failure counts (Compose `healthcheck`). */
export type HealthTiming = Pick<HealthCheck, 'intervalMs' | 'startPeriodMs' | 'startIntervalMs' | 'retries'>;

export function beginHealth(health: HealthVerdict, now: number): HealthState {
  return { health, since: now, failures: 0, lastOutput: undefined };
}

/**
 * Docker's rules: a pass makes it healthy and forgets all failures, `retries` failures in a row make it unhealthy, and
 * those within `start_period` do not count until the first pass has ended that period.
 */
export function afterCheck(
  state: HealthState,
  result: CheckResult,
  timing: HealthTiming,
  startedAt: number,
  now: number,
): HealthState {
  if (result.isPassed) return change(state, 'healthy', 0, result.output, now);
  const isForgiven = state.health === 'starting' && result.startedAt - startedAt < timing.startPeriodMs;
  const failures = isForgiven ? state.failures : state.failures + 1;
  const isDown = failures >= Math.max(1, timing.retries);
  return change(state, isDown ? 'unhealthy' : state.health, failures, result.output, now);
}

/** Time to the next check: `start_interval` within the start period, `interval` otherwise. */
export function checkDelayMs(
  state: HealthState,
  timing: HealthTiming,
  startedAt: number,
  now: number,
): number {
  const isStarting = state.health === 'starting' && now - startedAt < timing.startPeriodMs;
  return isStarting ? timing.startIntervalMs : timing.intervalMs;
}

function change(
  state: HealthState,
  health: HealthVerdict,
  failures: number,
  lastOutput: string,
  now: number,
): HealthState {
  return { health, since: health === state.health ? state.since : now, failures, lastOutput };
}
