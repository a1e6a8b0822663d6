import type { LatencyHistogram } from '../balancer/balancer-driver.ts';
import { emptyLatency, latencyQuantile, latencySince, plusLatency } from '../balancer/latency-histogram.ts';
import type { ReplicaSample, ServiceSample } from './metrics-source.ts';

/** What happened at a replica between two samples. */
export interface ReplicaRates {
  readonly instance: string;
  readonly replicaId: string;
  readonly revision: string;
  readonly isReady: boolean;
  readonly requestsPerSecond: number;
  readonly failedPerSecond: number;
  /** By class of status, from 1xx to 5xx. */
  readonly responsesPerSecond: Five;
  readonly latency: LatencyHistogram;
  /** Undefined: nothing was answered. */
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
  readonly p99Ms: number | undefined;
  readonly inFlight: number;
  /** Processors in use: 0.5 is a half of one. Undefined: not known. */
  readonly cpu: number | undefined;
  readonly memoryBytes: number | undefined;
}

/** What happened at a service between two samples; percentiles are those of all its replicas' answers together. */
export interface ServiceRates extends Omit<ReplicaRates, 'instance' | 'replicaId' | 'revision' | 'isReady'> {
  readonly from: number;
  readonly to: number;
  readonly desired: number;
  readonly ready: number;
  readonly waiting: number;
  /** Time that a request waited for a replica on average, over all requests. */
  readonly waitedMs: number;
  readonly replicas: readonly ReplicaRates[];
}

/** Rates between two samples of one service, `later` the newer. A replica that is new began at nought. */
export function ratesBetween(earlier: ServiceSample, later: ServiceSample): ServiceRates {
  const seconds = Math.max(0.001, (later.time - earlier.time) / 1_000);
  const before = new Map(earlier.replicas.map((replica) => [runOf(replica), replica]));
  const replicas = later.replicas.map((replica) =>
    replicaRates(before.get(runOf(replica)), replica, seconds),
  );
  const latency = replicas.reduce((sum, each) => plusLatency(sum, each.latency), emptyLatency);
  const requests = growth(earlier.requests, later.requests);
  return {
    from: earlier.time,
    to: later.time,
    desired: later.desired,
    ready: later.replicas.filter(({ isReady }) => isReady).length,
    requestsPerSecond: requests / seconds,
    failedPerSecond: growth(earlier.failed, later.failed) / seconds,
    responsesPerSecond: replicas.map((each) => each.responsesPerSecond).reduce(plusEach, [0, 0, 0, 0, 0]),
    latency,
    ...percentilesOf(latency),
    inFlight: sumOf(replicas, ({ inFlight }) => inFlight) ?? 0,
    waiting: later.waiting,
    waitedMs: requests === 0 ? 0 : growth(earlier.waitedMs, later.waitedMs) / requests,
    cpu: sumOf(replicas, ({ cpu }) => cpu),
    memoryBytes: sumOf(replicas, ({ memoryBytes }) => memoryBytes),
    replicas,
  };
}

export function percentilesOf(latency: LatencyHistogram): Pick<ReplicaRates, 'p50Ms' | 'p95Ms' | 'p99Ms'> {
  return {
    p50Ms: latencyQuantile(latency, 0.5),
    p95Ms: latencyQuantile(latency, 0.95),
    p99Ms: latencyQuantile(latency, 0.99),
  };
}

function replicaRates(
  before: ReplicaSample | undefined,
  after: ReplicaSample,
  seconds: number,
): ReplicaRates {
  const latency = latencySince(before?.latency ?? emptyLatency, after.latency);
  const perSecond = (index: 0 | 1 | 2 | 3 | 4): number =>
    growth(before?.responses[index] ?? 0, after.responses[index]) / seconds;
  return {
    instance: after.instance,
    replicaId: after.replicaId,
    revision: after.revision,
    isReady: after.isReady,
    requestsPerSecond: growth(before?.requests ?? 0, after.requests) / seconds,
    failedPerSecond: growth(before?.failed ?? 0, after.failed) / seconds,
    responsesPerSecond: [perSecond(0), perSecond(1), perSecond(2), perSecond(3), perSecond(4)],
    latency,
    ...percentilesOf(latency),
    inFlight: after.inFlight,
    cpu: cpuBetween(before, after, seconds),
    memoryBytes: after.memoryBytes,
  };
}

/** Of a replica that is new, what it used for its start is not what it uses. */
function cpuBetween(
  before: ReplicaSample | undefined,
  after: ReplicaSample,
  seconds: number,
): number | undefined {
  if (before?.cpuSeconds === undefined || after.cpuSeconds === undefined) return undefined;
  return growth(before.cpuSeconds, after.cpuSeconds) / seconds;
}

/** Counters that have shrunk were begun anew. */
function growth(before: number, after: number): number {
  return after < before ? after : after - before;
}

function runOf({ replicaId, startedAt }: ReplicaSample): string {
  return `${replicaId}@${startedAt}`;
}

type Five = readonly [number, number, number, number, number];

function plusEach(one: Five, other: Five): Five {
  return [one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3], one[4] + other[4]];
}

/** Undefined when nothing is known of any. */
function sumOf(
  replicas: readonly ReplicaRates[],
  valueOf: (replica: ReplicaRates) => number | undefined,
): number | undefined {
  const known = replicas.map(valueOf).filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}
