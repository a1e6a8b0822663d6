import { formatCount, formatMs, formatShare } from '../load/report/format.ts';
import { describeFailure } from './change/run-command.ts';
import type { Gap } from './measure/longest-gap.ts';
import { latenciesOf, phaseOf, type ChangeSpan } from './measure/phases.ts';
import type { ProofRequest } from './measure/proof-request.ts';
import { holds, type Objective } from './objective.ts';
import type { ObjectiveResult, ProofReport, ProvedChange, Verdict } from './proof-report.ts';

/** What a verdict is reached from. */
export interface Evidence {
  readonly requests: readonly ProofRequest[];
  readonly change: ProvedChange;
  readonly gap: Gap;
  readonly traffic: ProofReport['traffic'];
  readonly isInterrupted: boolean;
}

interface Measured {
  /** Undefined: there is nothing that could be compared, and so nothing holds. */
  readonly value: number | undefined;
  readonly words: string;
}

/** A change is good when every objective holds, its command went well, and the stack came to rest. */
export function reachVerdict(objectives: readonly Objective[], evidence: Evidence): Verdict {
  const results = objectives.map((objective): ObjectiveResult => {
    const { value, words } = measure(objective, evidence);
    return { text: objective.text, isMet: value !== undefined && holds(value, objective), got: words };
  });
  const reasons = [
    ...(evidence.isInterrupted ? ['it was interrupted'] : []),
    ...results.filter(({ isMet }) => !isMet).map(({ text, got }) => `${text} does not hold: ${got}`),
    ...changeFaults(evidence),
    ...(evidence.requests.every(({ fault }) => fault !== undefined) ? ['nothing was answered well'] : []),
  ];
  return { isGood: reasons.length === 0, objectives: results, reasons };
}

function changeFaults({ change, isInterrupted }: Evidence): string[] {
  if (change.kind === 'not begun') return isInterrupted ? [] : [change.reason];
  const failure = describeFailure(change.ending);
  const isUnsteady = change.steadyMs === undefined && !isInterrupted;
  return [
    ...(failure === undefined ? [] : [failure]),
    ...(isUnsteady ? ['the stack did not become steady in time'] : []),
  ];
}

export function spanOf(change: ProvedChange): ChangeSpan | undefined {
  return change.kind === 'begun' ? { startMs: change.startMs, steadyMs: change.steadyMs } : undefined;
}

function measure({ metric, phase }: Objective, { requests, change, gap, traffic }: Evidence): Measured {
  const span = spanOf(change);
  const members =
    phase === undefined ? requests : requests.filter((request) => phaseOf(request, span) === phase);
  switch (metric.kind) {
    case 'latency': {
      const latencies = latenciesOf(members);
      if (latencies.count === 0) return { value: undefined, words: 'no answer' };
      const value =
        metric.of === 'mean'
          ? latencies.meanMs
          : metric.of === 'max'
            ? latencies.maxMs
            : latencies.percentileMs(metric.of.percentile);
      return { value, words: formatMs(value) };
    }
    case 'failed': {
      const failed = members.filter(({ fault }) => fault !== undefined).length;
      if (metric.as === 'count') return { value: failed, words: formatCount(failed) };
      if (members.length === 0) return { value: undefined, words: 'no request' };
      return { value: failed / members.length, words: formatShare(failed / members.length) };
    }
    case 'gap':
      return duration(gap.endMs - gap.startMs);
    case 'steady': {
      if (change.kind === 'not begun' || change.steadyMs === undefined)
        return { value: undefined, words: 'not reached' };
      return duration(change.steadyMs - change.startMs);
    }
    case 'forced':
      return traffic === undefined
        ? { value: undefined, words: 'not known' }
        : { value: traffic.forced, words: formatCount(traffic.forced) };
  }
}

function duration(durationMs: number): Measured {
  return { value: durationMs, words: formatMs(durationMs) };
}
