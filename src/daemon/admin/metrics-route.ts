import type { Route } from '../control/control-server.ts';
import { sendJson } from '../control/reply.ts';
import type { MetricsPoint, MetricsReply, ReplicaMetrics, TrafficFigures } from '../metrics-api.ts';
import { currentRates, readCourse } from '../../metrics/course.ts';
import type { ReplicaRates, ServiceRates } from '../../metrics/rates.ts';
import type { Metrics } from '../../metrics/start-metrics.ts';
import type { Clock } from '../../shared/clock.ts';
import { TenfoldError } from '../../shared/errors.ts';

/** What `tenfold metrics` and the like show without a time: the last ten seconds. */
const presentMs = 10_000;

/** The metrics of one stack; their shapes stand in metrics-api.ts. */
export function metricsRoute(
  metrics: Pick<Metrics, 'store' | 'history'>,
  clock: Clock,
  hasStack: (name: string) => boolean,
): Route {
  return {
    method: 'GET',
    pattern: '/v1/stacks/:name/metrics',
    async handle({ response, url, parameters }) {
      const stack = parameters['name'] ?? '';
      if (!hasStack(stack) && metrics.store.servicesOf(stack).length === 0)
        throw new TenfoldError('unknown-stack', `no stack ${stack} is known`, {
          hint: 'bring it up first: tenfold up -d',
        });
      const named = url.searchParams.getAll('service');
      const services = named.length === 0 ? undefined : named;
      const reply = url.searchParams.has('from')
        ? await course(stack, services, url, metrics, clock.now())
        : present(stack, services, metrics, clock.now());
      sendJson(response, reply satisfies MetricsReply);
    },
  };
}

function present(
  stack: string,
  services: readonly string[] | undefined,
  { store }: Pick<Metrics, 'store'>,
  now: number,
): MetricsReply {
  return {
    stack,
    from: now - presentMs,
    to: now,
    stepMs: presentMs,
    services: store
      .current(stack)
      .filter(({ service }) => services?.includes(service) ?? true)
      .map(({ service }) => {
        const rates = currentRates(store, stack, service, presentMs);
        return { service, points: rates === undefined ? [] : [pointOf(rates, true)] };
      }),
  };
}

async function course(
  stack: string,
  services: readonly string[] | undefined,
  url: URL,
  metrics: Pick<Metrics, 'store' | 'history'>,
  now: number,
): Promise<MetricsReply> {
  const from = timeOf(url, 'from', now);
  const to = timeOf(url, 'to', now);
  const query = { stack, services, from, to, stepMs: timeOf(url, 'step', 1_000) };
  const { stepMs, services: courses } = await readCourse(query, metrics, now);
  const hasReplicas = url.searchParams.get('replicas') === '1';
  return {
    stack,
    from,
    to,
    stepMs,
    services: courses.map(({ service, points }) => ({
      service,
      points: points.map((rates) => pointOf(rates, hasReplicas)),
    })),
  };
}

function timeOf(url: URL, name: string, fallback: number): number {
  const text = url.searchParams.get(name);
  if (text === null) return fallback;
  const time = Number(text);
  if (text.trim() !== '' && Number.isFinite(time) && time >= 0) return time;
  throw new TenfoldError('usage', `${name}=${text} is no time`, { expected: 'milliseconds', got: text });
}

function pointOf(rates: ServiceRates, hasReplicas: boolean): MetricsPoint {
  const { from, to, desired, ready, waiting, waitedMs } = rates;
  return {
    from,
    to,
    desired,
    ready,
    waiting,
    waitedMs,
    ...figuresOf(rates),
    ...(hasReplicas && {
      replicas: rates.replicas.map((replica): ReplicaMetrics => {
        const { instance, replicaId, revision, isReady } = replica;
        return { instance, replicaId, revision, isReady, ...figuresOf(replica) };
      }),
    }),
  };
}

function figuresOf(
  rates: Omit<ReplicaRates, 'instance' | 'replicaId' | 'revision' | 'isReady'>,
): TrafficFigures {
  return {
    requestsPerSecond: rates.requestsPerSecond,
    failedPerSecond: rates.failedPerSecond,
    responsesPerSecond: rates.responsesPerSecond,
    p50Ms: rates.p50Ms ?? null,
    p95Ms: rates.p95Ms ?? null,
    p99Ms: rates.p99Ms ?? null,
    inFlight: rates.inFlight,
    cpu: rates.cpu ?? null,
    memoryBytes: rates.memoryBytes ?? null,
  };
}
