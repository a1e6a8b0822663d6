import type { LatencyHistogram } from '../../balancer/balancer-driver.ts';
import type { ReplicaDetail, ServiceDetail } from '../sample/sample-detail.ts';
import { NumberReader, NumberWriter } from './numbers.ts';

/** What stays the same from one sample of a service to the next, as long as its replicas do. */
export interface Layout {
  readonly stack: string;
  readonly service: string;
  readonly replicas: readonly Pick<ReplicaDetail, 'replicaId' | 'instance' | 'revision' | 'startedAt'>[];
}

/** A sample in a tenth of the memory; many share one layout. */
export interface PackedSample {
  readonly time: number;
  readonly layout: Layout;
  readonly numbers: Uint8Array;
}

const writer = new NumberWriter();

/** Takes the layout of the sample before over, where that is still true. */
export function packSample(sample: ServiceDetail, before: Layout | undefined): PackedSample {
  const layout = before !== undefined && fits(before, sample) ? before : layoutOf(sample);
  for (const value of [sample.desired, sample.requests, sample.failed, sample.waiting]) writer.whole(value);
  writer.double(sample.waitedMs);
  for (const replica of sample.replicas) writeReplica(replica);
  return { time: sample.time, layout, numbers: writer.take() };
}

export function unpackSample({ time, layout, numbers }: PackedSample): ServiceDetail {
  const reader = new NumberReader(numbers);
  return {
    time,
    stack: layout.stack,
    service: layout.service,
    desired: reader.whole(),
    requests: reader.whole(),
    failed: reader.whole(),
    waiting: reader.whole(),
    waitedMs: reader.double(),
    replicas: layout.replicas.map((identity) => ({ ...identity, ...readReplica(reader) })),
  };
}

function layoutOf({ stack, service, replicas }: ServiceDetail): Layout {
  return {
    stack,
    service,
    replicas: replicas.map(({ replicaId, instance, revision, startedAt }) => ({
      replicaId,
      instance,
      revision,
      startedAt,
    })),
  };
}

function fits(layout: Layout, { stack, service, replicas }: ServiceDetail): boolean {
  return (
    layout.stack === stack &&
    layout.service === service &&
    layout.replicas.length === replicas.length &&
    layout.replicas.every(
      ({ replicaId, startedAt, revision }, index) =>
        replicas[index]?.replicaId === replicaId &&
        replicas[index].startedAt === startedAt &&
        replicas[index].revision === revision,
    )
  );
}

const optional = ['cpuSeconds', 'memoryBytes', 'cpuLimit', 'memoryLimitBytes'] as const;
const counted = ['inFlight', 'requests', 'failed', 'retried', 'drained', 'forced', 'restarts'] as const;

/** First what there is of it, a bit each: ready, then the optional numbers in their order. */
function writeReplica(replica: ReplicaDetail): void {
  let present = replica.isReady ? 1 : 0;
  for (const [index, name] of optional.entries()) if (replica[name] !== undefined) present |= 2 << index;
  writer.whole(present);
  for (const name of optional) {
    const value = replica[name];
    if (value !== undefined) writer.double(value);
  }
  for (const name of counted) writer.whole(replica[name]);
  for (const count of replica.responses) writer.whole(count);
  const { count, sumMs, buckets } = replica.latency;
  const entries = Object.entries(buckets);
  writer.whole(count);
  writer.double(sumMs);
  writer.whole(entries.length);
  for (const [bucket, inBucket] of entries) {
    writer.signed(Number(bucket));
    writer.whole(inBucket);
  }
}

function readReplica(
  reader: NumberReader,
): Omit<ReplicaDetail, 'replicaId' | 'instance' | 'revision' | 'startedAt'> {
  const present = reader.whole();
  const read = (index: number): number | undefined =>
    (present & (2 << index)) === 0 ? undefined : reader.double();
  return {
    isReady: (present & 1) === 1,
    cpuSeconds: read(0),
    memoryBytes: read(1),
    cpuLimit: read(2),
    memoryLimitBytes: read(3),
    inFlight: reader.whole(),
    requests: reader.whole(),
    failed: reader.whole(),
    retried: reader.whole(),
    drained: reader.whole(),
    forced: reader.whole(),
    restarts: reader.whole(),
    responses: [reader.whole(), reader.whole(), reader.whole(), reader.whole(), reader.whole()],
    latency: readLatency(reader),
  };
}

function readLatency(reader: NumberReader): LatencyHistogram {
  const count = reader.whole();
  const sumMs = reader.double();
  const buckets: Record<number, number> = {};
  for (let left = reader.whole(); left > 0; left--) {
    const bucket = reader.signed();
    buckets[bucket] = reader.whole();
  }
  return { count, sumMs, buckets };
}
