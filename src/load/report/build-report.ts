import type { Measurement } from '../engine/run-load.ts';
import { lengthMs, segmentsOf } from '../engine/level.ts';
import type { Histogram } from '../measure/histogram.ts';
import type { Recorder } from '../measure/recorder.ts';
import { describeCheck } from '../scenario/check.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { allLatencies, evaluateThresholds } from './evaluate-thresholds.ts';
import { formatCount, formatMs, formatShare } from './format.ts';
import type { LatencySummary, LoadReport, PercentilePoint } from './load-report.ts';

/** Lag of the generator that changes what is read from the figures, milliseconds. */
const notableLagMs = 20;
const notableCores = 0.85;

export interface ReportCircumstances {
  readonly scenario: Scenario;
  readonly target: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Processor time that this process took, microseconds. */
  readonly cpuMicros: number;
}

/** Puts what was counted into the form that is printed. */
export function buildReport(measurement: Measurement, circumstances: ReportCircumstances): LoadReport {
  const { recorder, elapsedMs, isInterrupted } = measurement;
  const { scenario, target, startedAt, cpuMicros } = circumstances;
  const latency = allLatencies(recorder);
  const [lagP99 = 0] = recorder.lag.percentilesMs([99]);
  const generator = {
    lagMs: { p99: lagP99, max: recorder.lag.maxMs },
    cpuCores: cpuMicros / 1000 / Math.max(1, elapsedMs),
    cpuMicrosPerRequest: cpuMicros / Math.max(1, recorder.sent),
  };
  return {
    scenario: scenario.name,
    target,
    model: scenario.shape.model,
    startedAt,
    plannedMs: lengthMs(segmentsOf(scenario.shape)),
    elapsedMs,
    isInterrupted,
    sent: recorder.sent,
    answered: recorder.answered,
    failed: recorder.failed,
    failedShare: recorder.failed / Math.max(1, recorder.ended),
    dropped: recorder.dropped,
    cutOff: recorder.cutOff,
    answeredPerSecond: (recorder.answered * 1000) / Math.max(1, elapsedMs),
    bytesSent: recorder.bytesSent,
    bytesReceived: recorder.bytesReceived,
    latencyMs: summarise(latency),
    latencyFromSendingMs: summarise(recorder.fromSending),
    distribution: distributionOf(latency),
    requests: recorder.requests.map((request) => ({
      name: request.name,
      ended: request.ended,
      failed: request.failed,
      latencyMs: summarise(request.latency),
      checks: request.checks.map(({ check, passed, failed }) => ({
        check: describeCheck(check),
        passed,
        failed,
      })),
    })),
    statuses: Object.fromEntries([...recorder.statuses].toSorted(([a], [b]) => a - b)),
    faults: [...recorder.faults]
      .map(([fault, { count, example }]) => ({ fault, count, ...(example === undefined ? {} : { example }) }))
      .toSorted((a, b) => b.count - a.count),
    replicas: replicasOf(recorder),
    thresholds: evaluateThresholds(scenario.thresholds, recorder, elapsedMs),
    intervals: recorder.intervals,
    generator,
    remarks: remarksOn(measurement, circumstances, generator),
  };
}

function summarise(latency: Histogram): LatencySummary {
  const [p50 = 0, p90 = 0, p95 = 0, p99 = 0, p999 = 0] = latency.percentilesMs([50, 90, 95, 99, 99.9]);
  return { min: latency.minMs, mean: latency.meanMs, p50, p90, p95, p99, p999, max: latency.maxMs };
}

const plottedPercents = [
  0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 92.5, 95, 97.5, 99, 99.5, 99.9,
  99.99, 100,
] as const;

/** Only percentiles that the number of answers can bear: a p99.99 of 100 is only the largest once more. */
function distributionOf(latency: Histogram): PercentilePoint[] {
  if (latency.count === 0) return [];
  const percents = plottedPercents.filter((each) => each === 100 || latency.count * (1 - each / 100) >= 1);
  const values = latency.percentilesMs(percents);
  return percents.map((percent, index) => ({ percent, latencyMs: values[index] ?? 0 }));
}

function replicasOf(recorder: Recorder): LoadReport['replicas'] {
  const replicas = [...recorder.replicas];
  const total = replicas.reduce((sum, [, { ended }]) => sum + ended, 0);
  return replicas
    .map(([instance, tally]) => ({
      instance,
      answered: tally.ended,
      share: tally.ended / Math.max(1, total),
      failed: tally.failed,
      latencyMs: summarise(tally.latency),
    }))
    .toSorted((a, b) => a.instance.localeCompare(b.instance, 'en', { numeric: true }));
}

function remarksOn(
  { recorder, isInterrupted, elapsedMs }: Measurement,
  { scenario }: ReportCircumstances,
  { lagMs, cpuCores }: LoadReport['generator'],
): string[] {
  const remarks: string[] = [];
  const { dropped, sent, cutOff } = recorder;
  const fromSending = summarise(recorder.fromSending);
  if (isInterrupted) {
    const rest =
      cutOff === 0 ? '' : `, with ${formatCount(cutOff)} requests in flight, which count nowhere else`;
    remarks.push(`it was ended early, after ${formatMs(elapsedMs)}${rest}`);
  }
  if (dropped > 0) {
    remarks.push(
      `${formatCount(dropped)} requests (${formatShare(dropped / (dropped + sent))}) were due and not sent, because ` +
        `${formatCount(scenario.maxInFlight)} were in flight; the latencies would be worse with them`,
    );
  }
  if (scenario.shape.model === 'open' && lagMs.p99 > notableLagMs) {
    remarks.push(
      `this machine could not keep the schedule: 1 % of the requests went out more than ${formatMs(lagMs.p99)} late, ` +
        `which is part of their latency; from when they went out, p50 is ${formatMs(fromSending.p50)} and p99 ${formatMs(fromSending.p99)}`,
    );
  }
  if (cpuCores > notableCores) {
    remarks.push('the load test itself had no processor time left; the target may be able to do more');
  }
  if (recorder.sent > 0 && recorder.answered === 0) remarks.push('nothing was answered');
  return remarks;
}
