import { InvalidArgumentError } from 'commander';

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const durationShape = /^(\d+(\.\d+)?(ms|s|m|h|d))+$/;
const durationPart = /(?<amount>\d+(?:\.\d+)?)(?<unit>ms|s|m|h|d)/g;

/**
 * A point in time on the command line: a duration back from now (`10m`, `1h30m`), seconds since the epoch, or a date
 * that names itself (`2026-11-22`, `2026-11-22T12:30:00Z`). Milliseconds since the epoch.
 */
export function parsePointInTime(text: string, now = Date.now()): number {
  const word = text.trim();
  if (durationShape.test(word)) return now - durationMs(word);
  if (/^\d+(\.\d+)?$/.test(word)) return Math.round(Number(word) * 1000);
  const time = /^\d{4}-\d{2}/.test(word) ? Date.parse(word) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new InvalidArgumentError(
      'It is neither a duration such as 10m, nor a date such as 2026-11-22T12:30:00Z.',
    );
  }
  return time;
}

function durationMs(text: string): number {
  let total = 0;
  for (const { groups } of text.matchAll(durationPart)) {
    total += Number(groups?.['amount']) * (unitsMs[groups?.['unit'] ?? ''] ?? 0);
  }
  return total;
}
