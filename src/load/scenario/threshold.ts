/** What is measured of all requests, or of those of one name. */
export type Metric =
  | { readonly kind: 'latency'; readonly of: { readonly percentile: number } | 'min' | 'max' | 'mean' }
  /** As a share of what was sent, or as a count. */
  | { readonly kind: 'failed' | 'dropped'; readonly as: 'share' | 'count' }
  /** Answers per second. */
  | { readonly kind: 'rate' }
  | { readonly kind: 'requests' };

export type Comparison = '<' | '<=' | '>' | '>=';

/** What has to hold at the end, or the command ends with exit code 1. */
export interface Threshold {
  /** As it was written. */
  readonly text: string;
  readonly metric: Metric;
  /** Name of the request it is about; undefined: all. */
  readonly request: string | undefined;
  readonly comparison: Comparison;
  /** Milliseconds, a share from 0 to 1, requests per second or a count. */
  readonly limit: number;
}

export const thresholdExamples = 'such as p99<250ms, failed<1%, rate>100 or p95(NAME)<1s';

const shape =
  /^\s*(?<metric>[a-z]+[\d.]*)\s*(?:\((?<request>[^()]*)\))?\s*(?<comparison><=|>=|<|>)\s*(?<number>\d+(?:\.\d+)?|\.\d+)\s*(?<unit>%|ms|s|m|\/s)?\s*$/;
const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** Undefined when the text is no threshold. */
export function parseThreshold(text: string): Threshold | undefined {
  const groups = shape.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { metric: word = '', request, comparison = '', number, unit } = groups;
  const metric = metricOf(word, unit);
  if (metric === undefined || !isComparison(comparison)) return undefined;
  if (request !== undefined && (request.trim() === '' || metric.kind === 'dropped')) return undefined;
  return {
    text: text.trim(),
    metric,
    request: request?.trim(),
    comparison,
    limit: Number(number) * scaleOf(unit),
  };
}

function metricOf(word: string, unit: string | undefined): Metric | undefined {
  const percentile = /^p(\d{1,2}(?:\.\d+)?|100)$/.exec(word)?.[1];
  const isTime = unit !== undefined && unit in unitsMs;
  if (percentile !== undefined) {
    return isTime ? { kind: 'latency', of: { percentile: Number(percentile) } } : undefined;
  }
  switch (word) {
    case 'min':
    case 'max':
    case 'mean':
      return isTime ? { kind: 'latency', of: word } : undefined;
    case 'failed':
    case 'dropped':
      if (unit !== undefined && unit !== '%') return undefined;
      return { kind: word, as: unit === '%' ? 'share' : 'count' };
    case 'rate':
      return unit === undefined || unit === '/s' ? { kind: 'rate' } : undefined;
    case 'requests':
      return unit === undefined ? { kind: 'requests' } : undefined;
    default:
      return undefined;
  }
}

function scaleOf(unit: string | undefined): number {
  return unit === '%' ? 0.01 : (unitsMs[unit ?? ''] ?? 1);
}

function isComparison(text: string): text is Comparison {
  return text === '<' || text === '<=' || text === '>' || text === '>=';
}
