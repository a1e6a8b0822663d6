import type { AccessRule } from '../../../model/edge.ts';
import { type RangeSet, rangeSet } from './range-set.ts';

const maxDecodings = 4;

/**
 * All that a replica might take a path for: as it came, and percent-decoded again and again, with backslashes as slashes
 * and repeated slashes as one.
 */
export function readingsOf(path: string): readonly string[] {
  const readings: string[] = [];
  let text = path;
  for (let count = 0; count < maxDecodings; count++) {
    const reading = text.replace(/[/\\]+/g, '/');
    if (readings.at(-1) !== reading) readings.push(reading);
    const decoded = text.replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    );
    if (decoded === text) break;
    text = decoded;
  }
  return readings;
}

/** Whether one of the readings is the path or lies below it. A semicolon begins parameters that some servers cut off. */
export function isWithin(readings: readonly string[], path: string): boolean {
  const base = path.endsWith('/') ? path.slice(0, -1) : path;
  if (base === '') return true;
  return readings.some(
    (reading) =>
      reading.startsWith(base) &&
      (reading.length === base.length || reading[base.length] === '/' || reading[base.length] === ';'),
  );
}

interface CompiledRule {
  readonly path: string;
  readonly allow: RangeSet | undefined;
  readonly deny: RangeSet;
}

/** Who may ask for what; the first rule whose path fits decides. */
export class AccessList {
  readonly #rules: readonly CompiledRule[];

  constructor(rules: readonly AccessRule[]) {
    this.#rules = rules.map(({ path, allow, deny }) => ({
      path,
      allow: allow === undefined ? undefined : rangeSet(allow),
      deny: rangeSet(deny),
    }));
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  lets(clientAddress: string, readings: readonly string[]): boolean {
    const rule = this.#rules.find(({ path }) => isWithin(readings, path));
    if (rule === undefined) return true;
    if (rule.deny.has(clientAddress)) return false;
    return rule.allow === undefined || rule.allow.has(clientAddress);
  }
}
