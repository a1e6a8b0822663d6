import type { ReplicaSample, ServiceSample } from '../../metrics/metrics-source.ts';
import { ratesBetween, type ReplicaRates } from '../../metrics/rates.ts';
import type { ReplicaReading, ServiceReading } from '../reading.ts';
import { rounded } from '../rounding.ts';
import { countInFlight, inFlightOf } from './in-flight.ts';
import { runOf, type ReadinessLog } from './readiness.ts';

/** Older than this, a sample says nothing about now. */
const freshMs = 5_000;

export interface ServiceView {
  /** Samples of the window, oldest first. */
  readonly samples: readonly ServiceSample[];
  readonly readiness: ReadinessLog;
  /** Replicas on their way out: they are no part of what is scaled any more. */
  readonly leaving: ReadonlySet<string>;
  /** Replicas that are wanted; those that do not run yet count as not ready. */
  readonly current: number;
}

/** What the samples of a window come to; undefined when none is of now. */
export function readService(view: ServiceView, windowMs: number, now: number): ServiceReading | undefined {
  const { samples } = view;
  const [earliest] = samples;
  const latest = samples.at(-1);
  if (earliest === undefined || latest === undefined || latest.time < now - freshMs) return undefined;
  // Rates over a fraction of the window would be taken for those of all of it.
  const isWhole = latest.time - earliest.time >= windowMs / 2;
  const rates = isWhole ? ratesBetween(earliest, latest) : undefined;
  const byReplica = new Map(rates?.replicas.map((replica) => [replica.replicaId, replica]));
  const running = latest.replicas.filter(({ replicaId }) => !view.leaving.has(replicaId));
  const counted = countInFlight(samples);
  const replicas = running.map((replica) => {
    const own = byReplica.get(replica.replicaId);
    const count = counted.get(runOf(replica)) ?? 0;
    const window = { moments: samples.length, spanMs: latest.time - earliest.time };
    return readReplica(replica, own, view.readiness, inFlightOf(count, own?.latency, window));
  });
  const waiting = average(samples.map((sample) => sample.waiting));
  const reading = {
    waiting: rounded(waiting),
    waitingNow: latest.waiting,
    replicas: [...replicas, ...pending(view.current - replicas.length, now)],
  };
  if (rates === undefined) return reading;
  const ofReplicas = rates.replicas.reduce((sum, each) => sum + each.requestsPerSecond, 0);
  const queueMs = rates.requestsPerSecond === 0 ? undefined : queueTime(rates, waiting);
  return {
    ...reading,
    // What came by a route of another service is only seen at the replicas.
    requestsPerSecond: rounded(Math.max(rates.requestsPerSecond, ofReplicas)),
    ...(queueMs !== undefined && { queueMs: rounded(queueMs) }),
    ...(rates.p95Ms !== undefined && { p95Ms: rounded(rates.p95Ms) }),
  };
}

/** What those took that waited, or by Little's law what those take that wait still, whichever is longer. */
function queueTime(
  { waitedMs, requestsPerSecond }: { readonly waitedMs: number; readonly requestsPerSecond: number },
  waiting: number,
): number {
  return Math.max(waitedMs, (waiting / requestsPerSecond) * 1_000);
}

function readReplica(
  replica: ReplicaSample,
  rates: ReplicaRates | undefined,
  readiness: ReadinessLog,
  inFlight: number,
): ReplicaReading {
  const { instance, isReady, startedAt, memoryBytes } = replica;
  return {
    instance,
    isReady,
    startedAt,
    readyChangedAt: readiness.get(runOf(replica))?.changedAt ?? startedAt,
    ...(rates?.cpu !== undefined && { cpuCores: rounded(rates.cpu) }),
    ...(memoryBytes !== undefined && { memoryBytes }),
    inFlight: rounded(inFlight),
    ...(rates !== undefined && { requestsPerSecond: rounded(rates.requestsPerSecond) }),
  };
}

function pending(count: number, now: number): ReplicaReading[] {
  return Array.from({ length: Math.max(0, count) }, () => ({
    instance: '',
    isReady: false,
    startedAt: now,
    readyChangedAt: now,
  }));
}

function average(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
