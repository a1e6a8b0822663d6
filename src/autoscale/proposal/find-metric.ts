import type { AutoscalePolicy, MetricKind, MetricTarget } from '../../model/autoscale.ts';
import type { MetricFinding } from '../decision.ts';
import type { AutoscaleInput, QueryReading, ServiceReading } from '../reading.ts';
import { rounded } from '../rounding.ts';
import { formatBytes, formatMilliseconds, formatNumber, formatShare } from '../words.ts';
import { measureCpu, measureReady } from './measure-replicas.ts';
import { isWithin, proposeAverage, type Measured, type Proposal, type Tolerance } from './propose-average.ts';
import { p95Ratio, queueRatio } from './propose-latency.ts';
import { proposeQuery } from './propose-query.ts';

interface Circumstances {
  readonly policy: AutoscalePolicy;
  readonly input: AutoscaleInput;
  readonly service: ServiceReading | undefined;
  readonly tolerance: Tolerance;
}

const exactly: Tolerance = { up: 0, down: 0 };

/** What one metric of the policy asks for, in numbers and in words. */
export function findMetric(position: number, policy: AutoscalePolicy, input: AutoscaleInput): MetricFinding {
  const target = policy.metrics[position];
  if (target === undefined) throw new Error(`the policy has no metric ${position}`);
  const tolerance = { up: policy.scaleUp.tolerance, down: policy.scaleDown.tolerance };
  const circumstances = { policy, input, service: input.service, tolerance };
  if (target.kind === 'prometheus') {
    const reading = input.queries.find(({ metric }) => metric === position);
    return findQuery(target, reading, circumstances);
  }
  if (input.service === undefined) return unknown(target, targetOf(target), 'nothing was measured lately');
  return findMeasured(target, input.service, circumstances);
}

function findMeasured(
  target: Exclude<MetricTarget, { kind: 'prometheus' }>,
  service: ServiceReading,
  circumstances: Circumstances,
): MetricFinding {
  const { replicas } = service;
  const { policy, input } = circumstances;
  switch (target.kind) {
    case 'cpu': {
      const measured = measureCpu(replicas, policy, input.now);
      const share = (cores: number): string => formatShare(cores / target.requestCores);
      const requested = target.utilization * target.requestCores;
      return findAverage(target, measured, requested, share, circumstances, target.requestCores);
    }
    case 'memory': {
      const measured = measureReady(replicas, ({ memoryBytes }) => memoryBytes);
      const whole = target.utilization === undefined ? undefined : target.averageBytes / target.utilization;
      const text = (bytes: number): string =>
        whole === undefined ? formatBytes(bytes) : formatShare(bytes / whole);
      return findAverage(target, measured, target.averageBytes, text, circumstances, whole);
    }
    case 'in_flight': {
      // What waits has no replica yet, and needs one as much as what is in flight.
      const ready = Math.max(1, replicas.filter(({ isReady }) => isReady).length);
      const share = service.waiting / ready;
      const measured = measureReady(replicas, ({ inFlight }) =>
        inFlight === undefined ? undefined : inFlight + share,
      );
      return findAverage(target, measured, target.average, formatNumber, circumstances);
    }
    case 'requests_per_second': {
      const measured = measureReady(replicas, ({ requestsPerSecond }) => requestsPerSecond);
      return findAverage(target, measured, target.average, formatNumber, circumstances);
    }
    case 'p95':
      return findP95(target, service, circumstances);
    case 'queue_time':
      return findQueueTime(target, service, circumstances);
  }
}

/** `whole`: what the amounts are shares of, where the finding shall carry shares. */
function findAverage(
  { kind }: MetricTarget,
  measured: Measured,
  target: number,
  format: (value: number) => string,
  { input, tolerance }: Circumstances,
  whole = 1,
): MetricFinding {
  const proposal = proposeAverage(measured, target, input.current, tolerance);
  if (proposal === undefined) return unknown({ kind }, target / whole, whyUnmeasured(kind, measured));
  const average = measured.values.reduce((sum, value) => sum + value, 0) / measured.values.length;
  const assumption = assumptionOf(proposal, measured);
  const subject = `${kind} ${format(average)} of ${format(target)}${assumption === undefined ? '' : `, ${assumption},`}`;
  return {
    kind,
    text: `${subject} ${verdict(proposal)}`,
    current: rounded(average / whole),
    target: rounded(target / whole),
    replicas: proposal.replicas,
    ...(assumption !== undefined && { note: assumption }),
  };
}

function findP95(
  target: MetricTarget & { kind: 'p95' },
  service: ServiceReading,
  { input, tolerance }: Circumstances,
): MetricFinding {
  const { p95Ms } = service;
  const { targetMs } = target;
  const measured = measureReady(service.replicas, ({ inFlight }) => inFlight);
  if (measured.values.length === 0) return unknown(target, targetMs, whyUnmeasured(target.kind, measured));
  const inFlight = measured.values.reduce((sum, value) => sum + value, 0) / measured.values.length;
  if (p95Ms === undefined) {
    if (inFlight > 0) return unknown(target, targetMs, 'requests are in flight, and none was answered');
    return { kind: 'p95', text: 'nothing was asked of it', target: targetMs, replicas: 0 };
  }
  const subject = `p95 ${formatMilliseconds(p95Ms)} of ${formatMilliseconds(targetMs)}`;
  const finding = { kind: 'p95', current: rounded(p95Ms), target: targetMs } as const;
  const held = { ...finding, replicas: input.current };
  if (isWithin(p95Ms / targetMs, tolerance)) return { ...held, text: `${subject} is inside the tolerance` };
  const found = p95Ratio(p95Ms, targetMs, inFlight);
  if (found.kind === 'unhelpful') {
    const note = `a request takes ${formatMilliseconds(found.unloadedMs)} with no other in flight, so more replicas would not help`;
    return { ...held, text: `${subject}: ${note}`, note };
  }
  return { ...finding, ...ofRatio(subject, found.ratio, measured, input.current) };
}

function findQueueTime(
  target: MetricTarget & { kind: 'queue_time' },
  service: ServiceReading,
  { input, tolerance }: Circumstances,
): MetricFinding {
  const { queueMs = 0, replicas } = service;
  const { targetMs, slots } = target;
  const measured = measureReady(replicas, ({ inFlight }) => inFlight);
  const ready = measured.values.length;
  if (ready === 0) return unknown(target, targetMs, whyUnmeasured(target.kind, measured));
  const inFlight = measured.values.reduce((sum, value) => sum + value, 0);
  const isTooLong = queueMs > targetMs * (1 + tolerance.up);
  const ratio = queueRatio(service, isTooLong, inFlight, ready, slots);
  const subject = `queue_time ${formatMilliseconds(queueMs)} of ${formatMilliseconds(targetMs)}, ${formatShare(inFlight / (ready * slots))} of the slots taken,`;
  const finding = { kind: 'queue_time', current: rounded(queueMs), target: targetMs } as const;
  if (isTooLong || ratio < 1 - tolerance.down)
    return { ...finding, ...ofRatio(subject, ratio, measured, input.current) };
  return { ...finding, text: `${subject} is on target`, replicas: input.current };
}

/** Replicas for a ratio that holds for all that are ready alike. */
function ofRatio(
  subject: string,
  ratio: number,
  { values, unready }: Measured,
  current: number,
): Pick<MetricFinding, 'text' | 'replicas' | 'note'> {
  const measured = { values: values.map(() => ratio), missing: 0, unready };
  const proposal = proposeAverage(measured, 1, current, exactly);
  if (proposal === undefined) throw new Error('a ratio of no replicas');
  const note = assumptionOf(proposal, measured);
  return {
    text: `${subject}${note === undefined ? '' : `, ${note},`} ${verdict(proposal)}`,
    replicas: proposal.replicas,
    ...(note !== undefined && { note }),
  };
}

function findQuery(
  target: MetricTarget & { kind: 'prometheus' },
  reading: QueryReading | undefined,
  { input, service, tolerance }: Circumstances,
): MetricFinding {
  if (reading === undefined) return unknown(target, target.value, 'it was not asked yet');
  if ('error' in reading) return unknown(target, target.value, reading.error);
  const ready = service?.replicas.filter(({ isReady }) => isReady).length ?? input.current;
  const proposal = proposeQuery(reading.value, target, input.current, ready, tolerance);
  const each = target.per === 'replica' ? ' for each replica' : '';
  const subject = `prometheus ${formatNumber(reading.value)} of ${formatNumber(target.value)}${each}`;
  return {
    kind: 'prometheus',
    text: `${subject} ${verdict({ ...proposal, assumed: undefined })}`,
    current: rounded(reading.value),
    target: target.value,
    replicas: proposal.replicas,
  };
}

function verdict({ isWithin, replicas, assumed }: Proposal): string {
  if (isWithin) return assumed === undefined ? 'is inside the tolerance' : 'asks for no change';
  return `asks for ${replicas}`;
}

function assumptionOf({ assumed }: Proposal, { missing, unready }: Measured): string | undefined {
  if (assumed === undefined) return undefined;
  const parts = [
    ...(unready > 0 && assumed === 'idle' ? [`${unready} not ready`] : []),
    ...(missing > 0 ? [`${missing} not measured`] : []),
  ];
  return `with ${parts.join(' and ')} taken to be ${assumed}`;
}

function whyUnmeasured(kind: MetricKind, { missing, unready }: Measured): string {
  if (missing + unready === 0) return 'no replica runs';
  if (missing === 0) return kind === 'cpu' ? 'no replica was ready for long enough' : 'no replica is ready';
  return `${missing === 1 ? 'a replica is' : `${missing} replicas are`} ready, and not measured`;
}

function unknown({ kind }: Pick<MetricTarget, 'kind'>, target: number, why: string): MetricFinding {
  return { kind, text: `${kind} is not known: ${why}`, target: rounded(target), note: why };
}

function targetOf(target: Exclude<MetricTarget, { kind: 'prometheus' }>): number {
  switch (target.kind) {
    case 'cpu':
      return target.utilization;
    case 'memory':
      return target.utilization ?? target.averageBytes;
    case 'in_flight':
    case 'requests_per_second':
      return target.average;
    case 'p95':
    case 'queue_time':
      return target.targetMs;
  }
}
