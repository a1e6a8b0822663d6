import { InvalidArgumentError, type Command } from 'commander';
import { durationMs, parseBytes, parseDuration } from '../../compose/schema/quantities.ts';

export interface CapacityOptions {
  readonly rate?: number;
  /** Milliseconds. */
  readonly responseTime?: number;
  readonly workers?: number;
  readonly perWorker?: number;
  /** A share: 0.2 for 20 %. */
  readonly headroom?: number;
  readonly cpus?: number;
  /** Bytes. */
  readonly memory?: number;
  readonly max?: number;
  readonly path?: string;
  /** Milliseconds. */
  readonly step?: number;
  readonly targetRate?: number;
  /** Milliseconds. */
  readonly p95?: number;
  readonly html?: string;
}

export function defineCapacity(command: Command): Command {
  return command
    .argument('[service]', 'service to measure; without one, it is calculated')
    .option('--rate <n>', 'calculated: requests per second', parsePositive)
    .option(
      '--response-time <duration>',
      'calculated: how long a request keeps a worker busy: 5s, 80ms',
      parseLength,
    )
    .option('--workers <n>', 'calculated: workers per instance; 1 by default', parseCount)
    .option(
      '--per-worker <n>',
      'calculated: requests that one worker answers at a time; 1 by default',
      parseCount,
    )
    .option('--headroom <share>', 'calculated: what shall stay free on top: 20%', parseShare)
    .option('--cpus <n>', 'calculated: cores that one instance takes', parsePositive)
    .option('--memory <size>', 'calculated: memory that one instance takes: 512m, 2g', parseMemory)
    .option('--max <n>', 'measured: the most replicas to try; 8 by default', parseCount)
    .option(
      '--path <path>',
      'measured: path and query to ask for; one that its route takes, or /, by default',
    )
    .option(
      '--step <duration>',
      'measured: how long each number of replicas is loaded; 5s by default',
      parseLength,
    )
    .option(
      '--target-rate <n>',
      'measured: how many replicas for so many requests per second?',
      parsePositive,
    )
    .option('--p95 <duration>', 'measured: … of which 95 % are answered within this time', parseLength)
    .option('--html <file>', 'measured: write a report with plots, in one file');
}

function parsePositive(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It is not a number above 0.');
}

const largestCount = 10_000;

function parseCount(text: string): number {
  if (/^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= largestCount) return Number(text);
  throw new InvalidArgumentError(`It is not a whole number from 1 to ${largestCount}.`);
}

function parseLength(text: string): number {
  const nanoseconds = parseDuration(text.trim());
  if (nanoseconds !== undefined && nanoseconds > 0n) return durationMs(nanoseconds);
  throw new InvalidArgumentError('It is not a duration such as 5s or 80ms.');
}

function parseShare(text: string): number {
  const groups = /^(?<number>\d+(?:\.\d+)?)(?<percent>\s*%)?$/.exec(text.trim())?.groups;
  if (groups !== undefined) return Number(groups['number']) * (groups['percent'] === undefined ? 1 : 0.01);
  throw new InvalidArgumentError('It is not a share such as 20% or 0.2.');
}

function parseMemory(text: string): number {
  const bytes = parseBytes(text.trim());
  if (typeof bytes === 'number' && bytes > 0) return bytes;
  throw new InvalidArgumentError('It is not a size such as 512m or 2g.');
}
