import type { EndpointObservation, LatencyHistogram, TrafficTotals } from '../../balancer-driver.ts';
import { latencyBucket } from '../../latency-histogram.ts';
import type { TrafficEvent } from './log-line.ts';

/** HAProxy tells whole milliseconds; what took none of them took about half of one. */
const shortestMs = 0.5;

/** What has been counted of one endpoint by the log; and by HAProxys that are gone. Written to disk as it is. */
export interface ServerCounters {
  completed: number;
  /** Requests whose last attempt failed here. */
  failed: number;
  /** Attempts that failed and were made again here. */
  ownRetries: number;
  /** Requests that were cut: at the drain deadline, or because the endpoint was taken away. */
  forced: number;
  /** Cut requests that HAProxy gave up, and did not send to another server. */
  forcedAndLost: number;
  drained: number;
  readonly responses: [number, number, number, number, number];
  readonly latency: { count: number; sumMs: number; buckets: Record<number, number> };
  /** Sessions and redispatches that HAProxys before the present ones had counted. */
  pastTotal: number;
  pastRedispatched: number;
}

export function newCounters(): ServerCounters {
  return {
    completed: 0,
    failed: 0,
    ownRetries: 0,
    forced: 0,
    forcedAndLost: 0,
    drained: 0,
    responses: [0, 0, 0, 0, 0],
    latency: { count: 0, sumMs: 0, buckets: {} },
    pastTotal: 0,
    pastRedispatched: 0,
  };
}

export function countEvent(counters: ServerCounters, event: TrafficEvent, isCut: boolean): void {
  const { outcome, status, durationMs } = event;
  counters.ownRetries += event.ownRetries;
  const isAnswered = outcome.kind === 'ok' || (outcome.kind === 'failed' && outcome.isInside);
  const index = Math.floor(status / 100) - 1;
  if (isAnswered && index >= 0 && index < 5) counters.responses[index] = (counters.responses[index] ?? 0) + 1;
  if (outcome.kind === 'ok') {
    counters.completed++;
    if (status !== 101 && durationMs !== undefined) countLatency(counters.latency, durationMs);
  } else if (outcome.kind === 'failed') {
    if (isCut) counters.forcedAndLost++;
    else counters.failed++;
  }
}

function countLatency(latency: ServerCounters['latency'], durationMs: number): void {
  const spentMs = Math.max(shortestMs, durationMs);
  const bucket = latencyBucket(spentMs);
  latency.count++;
  latency.sumMs += spentMs;
  latency.buckets[bucket] = (latency.buckets[bucket] ?? 0) + 1;
}

/** What the present HAProxys say of the endpoint, added up. */
export interface ServerSum {
  readonly current: number;
  readonly total: number;
  readonly redispatched: number;
}

export function totalsOf(counters: ServerCounters, now: ServerSum): TrafficTotals {
  const redispatched = counters.pastRedispatched + now.redispatched;
  // A request that was cut and went to another server was no failure of this one.
  const failedOver = Math.max(0, redispatched - (counters.forced - counters.forcedAndLost));
  // What an HAProxy that was killed had counted last is known less well than what its log has told.
  const ended = counters.completed + counters.failed + counters.ownRetries + failedOver;
  return {
    requests: Math.max(counters.pastTotal + now.total, ended),
    completed: counters.completed,
    failed: counters.failed + counters.ownRetries + failedOver,
    retried: counters.ownRetries + failedOver,
    drained: counters.drained,
    forced: counters.forced,
  };
}

export function histogramOf(counters: ServerCounters): LatencyHistogram {
  const { count, sumMs, buckets } = counters.latency;
  return { count, sumMs, buckets: { ...buckets } };
}

export function responsesOf({ responses }: ServerCounters): EndpointObservation['responses'] {
  const [informational, successful, redirected, refused, failed] = responses;
  return [informational, successful, redirected, refused, failed];
}
