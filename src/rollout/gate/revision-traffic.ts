import type { LatencyHistogram } from '../../balancer/balancer-driver.ts';
import type { ReplicaSample, ServiceSample } from '../../metrics/metrics-source.ts';

/** What the replicas of one revision answered in a stretch of time. */
export interface RevisionTraffic {
  readonly requests: number;
  /** Of these, the ones that got a 5xx or no complete answer. */
  readonly errors: number;
  readonly latency: LatencyHistogram;
}

export const noRevisionTraffic: RevisionTraffic = {
  requests: 0,
  errors: 0,
  latency: { count: 0, sumMs: 0, buckets: {} },
};

/** What a revision's replicas answered over the samples, oldest first, that were taken from `from` on. */
export function trafficOfRevision(
  samples: readonly ServiceSample[],
  revision: string,
  from: number,
): RevisionTraffic {
  const first = new Map<string, ReplicaSample>();
  const last = new Map<string, ReplicaSample>();
  for (const { replicas } of samples) {
    for (const replica of replicas) {
      if (replica.revision !== revision) continue;
      // A replica that was started anew counts from zero again.
      const key = `${replica.replicaId}@${replica.startedAt}`;
      if (!first.has(key)) first.set(key, replica);
      last.set(key, replica);
    }
  }
  let sum = noRevisionTraffic;
  for (const [key, sample] of last) {
    const base = sample.startedAt >= from ? undefined : first.get(key);
    sum = addTraffic(sum, growth(base, sample));
  }
  return sum;
}

function growth(before: ReplicaSample | undefined, after: ReplicaSample): RevisionTraffic {
  const grown = (counter: (sample: ReplicaSample) => number): number =>
    Math.max(0, counter(after) - (before === undefined ? 0 : counter(before)));
  const failed = grown(({ failed }) => failed);
  const answered = grown(({ responses }) => responses.reduce((sum, count) => sum + count, 0));
  const requests = answered + failed;
  const buckets = Object.entries(after.latency.buckets).flatMap(([index, count]) => {
    const more = count - (before?.latency.buckets[Number(index)] ?? 0);
    return more > 0 ? [[Number(index), more] as const] : [];
  });
  return {
    requests,
    errors: Math.min(requests, failed + grown(({ responses }) => responses[4])),
    latency: {
      count: buckets.reduce((sum, [, count]) => sum + count, 0),
      sumMs: grown(({ latency }) => latency.sumMs),
      buckets: Object.fromEntries(buckets),
    },
  };
}

function addTraffic(one: RevisionTraffic, other: RevisionTraffic): RevisionTraffic {
  const buckets: Record<number, number> = { ...one.latency.buckets };
  for (const [index, count] of Object.entries(other.latency.buckets))
    buckets[Number(index)] = (buckets[Number(index)] ?? 0) + count;
  return {
    requests: one.requests + other.requests,
    errors: one.errors + other.errors,
    latency: {
      count: one.latency.count + other.latency.count,
      sumMs: one.latency.sumMs + other.latency.sumMs,
      buckets,
    },
  };
}
