import { InvalidArgumentError, Option } from 'commander';

export interface DryRunOptions {
  readonly dryRun?: true;
}

export interface TimeoutOptions {
  /** Milliseconds. */
  readonly timeout?: number;
}

export function dryRunOption(): Option {
  return new Option('--dry-run', 'only say what would be done');
}

export function timeoutOption(): Option {
  return new Option(
    '-t, --timeout <seconds>',
    'time between the stop signal and the kill, in place of stop_grace_period',
  ).argParser(parseSeconds);
}

/** Seconds on the command line, milliseconds inside. */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !Number.isFinite(seconds) || seconds < 0) {
    throw new InvalidArgumentError('It is not a number of seconds.');
  }
  return Math.round(seconds * 1000);
}

/** The request's part about grace, when one was given. */
export function graceOf({ timeout }: TimeoutOptions): { readonly graceMs?: number } {
  return timeout === undefined ? {} : { graceMs: timeout };
}

/** The request's part about services; none named means all. */
export function servicesOf(words: readonly string[]): { readonly services?: readonly string[] } {
  return words.length === 0 ? {} : { services: words };
}
