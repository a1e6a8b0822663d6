import { InvalidArgumentError } from 'commander';
import { durationMs, parseDuration } from '../../compose/schema/quantities.ts';

export function parsePositive(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError('It is not a number above 0.');
}

/** Milliseconds of a duration such as `5s`. */
export function parseDurationMs(text: string): number {
  const nanoseconds = parseDuration(text);
  if (nanoseconds !== undefined && nanoseconds >= 0n) return durationMs(nanoseconds);
  throw new InvalidArgumentError('It is not a duration such as 5s or 1m30s.');
}

/** Milliseconds since the epoch of a date that names itself. */
export function parseTime(text: string): number {
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw new InvalidArgumentError('It is not a time such as 2026-11-23T08:00:00Z.');
}
