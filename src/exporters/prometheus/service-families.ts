import type { ReplicaDetail, ServiceDetail } from '../../metrics/sample/sample-detail.ts';
import { exportLatency } from './latency-buckets.ts';
import type { Labels, MetricFamily, ScalarFamily } from './metric-family.ts';

/** Enough of a revision to tell it from all others. */
const shownRevisionDigits = 12;
const classes = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

interface LabelledReplica {
  readonly replica: ReplicaDetail;
  readonly labels: Labels;
}

interface LabelledService {
  readonly service: ServiceDetail;
  readonly labels: Labels;
}

/** The newest sample of each service as metrics. */
export function serviceFamilies(services: readonly ServiceDetail[]): readonly MetricFamily[] {
  const all = services.map((service) => ({
    service,
    labels: { stack: service.stack, service: service.service },
  }));
  const replicas = all.flatMap(({ service, labels }) =>
    service.replicas.map((replica) => ({
      replica,
      labels: {
        ...labels,
        instance: replica.instance,
        revision: replica.revision.slice(0, shownRevisionDigits),
      },
    })),
  );
  return [...trafficFamilies(replicas), ...replicaFamilies(replicas), ...familiesOfServices(all)];
}

function trafficFamilies(replicas: readonly LabelledReplica[]): readonly MetricFamily[] {
  return [
    {
      name: 'http_requests_total',
      type: 'counter',
      help: 'Responses of a replica by class of status.',
      samples: replicas.flatMap(({ replica, labels }) =>
        classes.map((code, index) => ({ labels: { ...labels, code }, value: replica.responses[index] ?? 0 })),
      ),
    },
    {
      name: 'http_request_duration_seconds',
      type: 'histogram',
      help: 'Time from a request to the end of its response, attempts at other replicas included.',
      samples: replicas.map(({ replica, labels }) => exportLatency(replica.latency, labels)),
    },
    each(replicas, 'gauge', 'http_requests_in_flight', 'Requests that a replica is answering.', 'inFlight'),
    each(
      replicas,
      'counter',
      'tenfold_replica_requests_total',
      'Requests and TCP connections sent to a replica.',
      'requests',
    ),
    each(
      replicas,
      'counter',
      'tenfold_replica_requests_failed_total',
      'Attempts that a replica failed.',
      'failed',
    ),
    each(
      replicas,
      'counter',
      'tenfold_replica_requests_retried_total',
      'Failed attempts that another replica then served.',
      'retried',
    ),
    each(
      replicas,
      'counter',
      'tenfold_replica_requests_drained_total',
      'Requests that finished in time while their replica was drained.',
      'drained',
    ),
    each(
      replicas,
      'counter',
      'tenfold_replica_requests_forced_total',
      'Requests that were cut at the end of a drain.',
      'forced',
    ),
  ];
}

function replicaFamilies(replicas: readonly LabelledReplica[]): readonly MetricFamily[] {
  return [
    {
      name: 'tenfold_replica_ready',
      type: 'gauge',
      help: 'Whether a replica is healthy and in rotation: 1 or 0.',
      samples: replicas.map(({ replica, labels }) => ({ labels, value: replica.isReady ? 1 : 0 })),
    },
    {
      name: 'tenfold_replica_start_time_seconds',
      type: 'gauge',
      help: 'When the run of a replica began, since the epoch.',
      samples: replicas.map(({ replica, labels }) => ({ labels, value: replica.startedAt / 1_000 })),
    },
    each(
      replicas,
      'counter',
      'tenfold_replica_restarts_total',
      'Ends of a replica that nobody asked for.',
      'restarts',
    ),
    each(
      replicas,
      'counter',
      'tenfold_replica_cpu_seconds_total',
      'Processor time that a replica has used.',
      'cpuSeconds',
    ),
    each(
      replicas,
      'gauge',
      'tenfold_replica_cpu_limit_cores',
      'Processors that a replica may use.',
      'cpuLimit',
    ),
    each(
      replicas,
      'gauge',
      'tenfold_replica_memory_bytes',
      'Memory of a replica, without page cache.',
      'memoryBytes',
    ),
    each(
      replicas,
      'gauge',
      'tenfold_replica_memory_limit_bytes',
      'Memory that a replica may use.',
      'memoryLimitBytes',
    ),
  ];
}

function familiesOfServices(services: readonly LabelledService[]): readonly MetricFamily[] {
  const gauge = (name: string, help: string, valueOf: (service: ServiceDetail) => number): ScalarFamily => ({
    name: `tenfold_service_${name}`,
    type: name.endsWith('_total') ? 'counter' : 'gauge',
    help,
    samples: services.map(({ service, labels }) => ({ labels, value: valueOf(service) })),
  });
  return [
    gauge('replicas_desired', 'Replicas that a service shall have.', ({ desired }) => desired),
    gauge('replicas_running', 'Replicas of a service that run.', ({ replicas }) => replicas.length),
    gauge(
      'replicas_ready',
      'Replicas of a service that are healthy and in rotation.',
      ({ replicas }) => replicas.filter(({ isReady }) => isReady).length,
    ),
    gauge('requests_total', 'Requests that clients sent to a service.', ({ requests }) => requests),
    gauge('requests_waiting', 'Requests that wait for a replica.', ({ waiting }) => waiting),
    gauge(
      'queue_seconds_total',
      'Time that requests have spent waiting for a replica.',
      ({ waitedMs }) => waitedMs / 1_000,
    ),
  ];
}

type NumberName = {
  [Name in keyof ReplicaDetail]: ReplicaDetail[Name] extends number | undefined ? Name : never;
}[keyof ReplicaDetail];

/** One sample for each replica of which the number is known. */
function each(
  replicas: readonly LabelledReplica[],
  type: ScalarFamily['type'],
  name: string,
  help: string,
  field: NumberName,
): ScalarFamily {
  return {
    name,
    type,
    help,
    samples: replicas.flatMap(({ replica, labels }) => {
      const value = replica[field];
      return value === undefined ? [] : [{ labels, value }];
    }),
  };
}
