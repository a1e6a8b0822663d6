import { TenfoldError } from '../shared/errors.ts';

export type PhaseName = 'before' | 'during' | 'after';

/** What an objective is about. */
export type ObjectiveMetric =
  | { readonly kind: 'latency'; readonly of: { readonly percentile: number } | 'mean' | 'max' }
  | { readonly kind: 'failed'; readonly as: 'share' | 'count' }
  /** Longest time without a good answer. */
  | { readonly kind: 'gap' }
  /** From the start of the command until nothing is left to do. */
  | { readonly kind: 'steady' }
  /** Requests that were cut off at the drain deadline. */
  | { readonly kind: 'forced' };

export type Comparison = '<' | '<=' | '=' | '>=' | '>';

/** One thing that has to hold for a change to be good. */
export interface Objective {
  /** As it was written. */
  readonly text: string;
  readonly metric: ObjectiveMetric;
  /** Undefined: the whole run. Only for `latency` and `failed`. */
  readonly phase: PhaseName | undefined;
  readonly comparison: Comparison;
  /** Milliseconds, a share from 0 to 1, or a count. */
  readonly limit: number;
}

export const defaultObjectives = 'failed=0';

const expected =
  'objectives with commas between, such as p99<250ms,failed=0 (pN, mean, max, failed, gap, steady, forced; ' +
  'those of latency and failed take a phase, as in p99(during)<1s)';
const shape =
  /^(?<metric>[a-z]+[\d.]*)\s*(?:\(\s*(?<phase>[a-z]+)\s*\))?\s*(?<comparison><=|>=|==|<|>|=)\s*(?<number>\d+(?:\.\d+)?|\.\d+)\s*(?<unit>%|ms|s|m)?$/;
const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** What `--slo` says. Throws `usage` for the first part that is no objective. */
export function parseObjectives(text: string): Objective[] {
  return text.split(',').map((part) => {
    const objective = parseObjective(part.trim());
    if (objective !== undefined) return objective;
    throw new TenfoldError('usage', `\`${part.trim()}\` is not something that can be held to`, {
      expected,
      got: `\`--slo ${text}\``,
    });
  });
}

function parseObjective(text: string): Objective | undefined {
  const groups = shape.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { metric: word = '', phase, comparison = '', number, unit } = groups;
  const metric = metricOf(word, unit);
  if (metric === undefined) return undefined;
  const hasPhases = metric.kind === 'latency' || metric.kind === 'failed';
  if (phase !== undefined && !(hasPhases && isPhase(phase))) return undefined;
  return {
    text,
    metric,
    phase: phase !== undefined && isPhase(phase) ? phase : undefined,
    comparison: comparisonOf(comparison),
    limit: Number(number) * (unit === '%' ? 0.01 : (unitsMs[unit ?? ''] ?? 1)),
  };
}

function metricOf(word: string, unit: string | undefined): ObjectiveMetric | undefined {
  const isTime = unit !== undefined && unit in unitsMs;
  const percentile = /^p(\d{1,2}(?:\.\d+)?|100)$/.exec(word)?.[1];
  if (percentile !== undefined) {
    return isTime ? { kind: 'latency', of: { percentile: Number(percentile) } } : undefined;
  }
  switch (word) {
    case 'mean':
    case 'max':
      return isTime ? { kind: 'latency', of: word } : undefined;
    case 'gap':
    case 'steady':
      return isTime ? { kind: word } : undefined;
    case 'failed':
      return isTime ? undefined : { kind: 'failed', as: unit === '%' ? 'share' : 'count' };
    case 'forced':
      return unit === undefined ? { kind: 'forced' } : undefined;
    default:
      return undefined;
  }
}

function isPhase(text: string): text is PhaseName {
  return text === 'before' || text === 'during' || text === 'after';
}

function comparisonOf(text: string): Comparison {
  return text === '<' || text === '<=' || text === '>=' || text === '>' ? text : '=';
}

export function holds(value: number, { comparison, limit }: Objective): boolean {
  switch (comparison) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '=':
      return value === limit;
    case '>=':
      return value >= limit;
    case '>':
      return value > limit;
  }
}
