import { InvalidArgumentError, type Command } from 'commander';
import { durationMs, parseDuration } from '../../compose/schema/quantities.ts';
import { collect } from '../global-options.ts';

export interface ProveOptions {
  readonly rate: number;
  /** Milliseconds, as all that are durations. */
  readonly before: number;
  readonly after: number;
  readonly for: number;
  readonly steadyWithin: number;
  readonly timeout: number;
  readonly path?: string;
  readonly service?: string;
  readonly postEvery: number;
  readonly slo?: readonly string[];
  readonly html?: string;
}

const mostPerSecond = 10_000;

export function defineProve(command: Command): Command {
  return command
    .argument('[command...]', 'the change, after `--`: a tenfold command (`scale web=5`) or a program')
    .passThroughOptions()
    .option(
      '--rate <n>',
      'requests per second, whether they are answered or not; 200 by default',
      parseRate,
      200,
    )
    .option('--before <duration>', 'load before the change; 3s by default', parseLength, 3000)
    .option('--after <duration>', 'load once the stack is steady again; 3s by default', parseLength, 3000)
    .option('--for <duration>', 'load in all, at least: 30s, 2m', parseLength, 0)
    .option(
      '--steady-within <duration>',
      'longest wait for the stack to become steady after the command; 1m by default',
      parseLength,
      60_000,
    )
    .option('--service <name>', 'service to load; the one that has a published HTTP listener by default')
    .option(
      '--path <path>',
      'path and query to ask for; one that its route takes, or /, by default',
      parsePath,
    )
    .option('--post-every <n>', 'make one in so many requests a POST', parsePostEvery, 0)
    .option('--timeout <duration>', 'longest wait for an answer; 10s by default', parseLength, 10_000)
    .option(
      '--slo <objectives>',
      'what has to hold: p99<250ms,failed=0; failed=0 by default, repeatable',
      collect,
    )
    .option('--html <file>', 'write a page with the timeline drawn, in one file');
}

function parseRate(text: string): number {
  const rate = Number(text);
  if (text.trim() !== '' && rate > 0 && rate <= mostPerSecond) return rate;
  throw new InvalidArgumentError(`It is not a number above 0 and up to ${mostPerSecond}.`);
}

function parseLength(text: string): number {
  const nanoseconds = parseDuration(text.trim());
  if (nanoseconds !== undefined && nanoseconds >= 0n) return durationMs(nanoseconds);
  throw new InvalidArgumentError('It is not a duration such as 30s, 250ms or 1m30s.');
}

/** What a request line can carry (RFC 9112 section 3). */
function parsePath(text: string): string {
  if (/^\/[\x21-\x7e]*$/.test(text)) return text;
  throw new InvalidArgumentError('It is not a path that begins with /, without spaces.');
}

function parsePostEvery(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is not a whole number from 1 up.');
}
