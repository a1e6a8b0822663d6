import type { HealthConfig } from 'dockerode';
import type { ComposeHealthCheck } from '../compose-types.ts';
import { nanoseconds } from './units.ts';

/** First API version that knows the interval during the start period. */
const startIntervalMinor = 44;

export function healthCheck(
  check: ComposeHealthCheck | null | undefined,
  apiMinor: number,
): (HealthConfig & { StartInterval?: number }) | undefined {
  if (!check) return undefined;
  if (check.disable) return { Test: ['NONE'] };
  const duration = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : nanoseconds(text);
  return {
    ...(check.test ? { Test: [...check.test] } : {}),
    Interval: duration(check.interval),
    Timeout: duration(check.timeout),
    StartPeriod: duration(check.start_period),
    Retries: check.retries,
    ...(check.start_interval !== undefined && apiMinor >= startIntervalMinor
      ? { StartInterval: nanoseconds(check.start_interval) }
      : {}),
  };
}
