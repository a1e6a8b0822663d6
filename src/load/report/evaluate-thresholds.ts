import { Histogram } from '../measure/histogram.ts';
import type { Recorder } from '../measure/recorder.ts';
import type { Comparison, Threshold } from '../scenario/threshold.ts';
import { formatCount, formatMs, formatRate, formatShare } from './format.ts';
import type { ThresholdResult } from './load-report.ts';

interface Measured {
  /** Undefined: there is nothing that could be compared. */
  readonly value: number | undefined;
  readonly words: string;
}

/** Compares what was measured with what was asked for. A latency of which there is none meets no threshold. */
export function evaluateThresholds(
  thresholds: readonly Threshold[],
  recorder: Recorder,
  elapsedMs: number,
): ThresholdResult[] {
  return thresholds.map((threshold) => {
    const { value, words } = measure(threshold, recorder, elapsedMs);
    const isMet = value !== undefined && compare(value, threshold.comparison, threshold.limit);
    return { text: threshold.text, isMet, got: words };
  });
}

/** The latencies of all requests together. */
export function allLatencies(recorder: Recorder): Histogram {
  const latency = new Histogram();
  for (const request of recorder.requests) latency.add(request.latency);
  return latency;
}

function measure({ metric, request }: Threshold, recorder: Recorder, elapsedMs: number): Measured {
  const tallies = recorder.requests.filter(({ name }) => request === undefined || name === request);
  const sum = (pick: (tally: (typeof tallies)[number]) => number): number =>
    tallies.reduce((total, tally) => total + pick(tally), 0);
  const ended = sum((tally) => tally.ended);
  switch (metric.kind) {
    case 'latency': {
      const latency = new Histogram();
      for (const tally of tallies) latency.add(tally.latency);
      if (latency.count === 0) return { value: undefined, words: 'no answer' };
      const value = latencyOf(latency, metric.of);
      return { value, words: formatMs(value) };
    }
    case 'failed':
      return shareOrCount(
        sum((tally) => tally.failed),
        ended,
        metric.as,
      );
    case 'dropped':
      return shareOrCount(recorder.dropped, recorder.dropped + recorder.sent, metric.as);
    case 'rate': {
      const rate = (sum((tally) => tally.answered) * 1000) / Math.max(1, elapsedMs);
      return { value: rate, words: `${formatRate(rate)}/s` };
    }
    case 'requests':
      return { value: ended, words: formatCount(ended) };
  }
}

function latencyOf(latency: Histogram, of: { readonly percentile: number } | 'min' | 'max' | 'mean'): number {
  switch (of) {
    case 'min':
      return latency.minMs;
    case 'max':
      return latency.maxMs;
    case 'mean':
      return latency.meanMs;
    default:
      return latency.percentileMs(of.percentile);
  }
}

function shareOrCount(count: number, total: number, as: 'share' | 'count'): Measured {
  if (as === 'count') return { value: count, words: formatCount(count) };
  if (total === 0) return { value: undefined, words: 'no request' };
  return { value: count / total, words: formatShare(count / total) };
}

function compare(value: number, comparison: Comparison, limit: number): boolean {
  switch (comparison) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
  }
}
