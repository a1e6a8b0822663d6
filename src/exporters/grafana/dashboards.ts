import type { DashboardDescription, Panel } from './panel.ts';

/** What the two variables at the top of each dashboard choose. */
const chosen = 'stack=~"$stack",service=~"$service"';
const rate = (metric: string, more = ''): string => `rate(${metric}{${chosen}${more}}[$__rate_interval])`;
const quantile = (part: number, by: string): string =>
  `histogram_quantile(${part}, sum by (${by}, le) (${rate('http_request_duration_seconds_bucket')}))`;

const servicePanels: readonly Panel[] = [
  {
    title: 'Requests',
    unit: 'reqps',
    width: 12,
    queries: [
      {
        expression: `sum by (stack, service) (${rate('tenfold_service_requests_total')})`,
        legend: '{{stack}}/{{service}}',
      },
    ],
  },
  {
    title: 'Responses by class',
    unit: 'reqps',
    width: 12,
    isStacked: true,
    queries: [{ expression: `sum by (code) (${rate('http_requests_total')})`, legend: '{{code}}' }],
  },
  {
    title: 'Latency',
    unit: 's',
    width: 12,
    queries: [0.5, 0.95, 0.99].map((part) => ({
      expression: quantile(part, 'stack, service'),
      legend: `p${part * 100} {{stack}}/{{service}}`,
    })),
  },
  {
    title: 'Failed requests',
    description: 'Requests that got no good answer, by reason: docs/metrics.md says what each means.',
    unit: 'reqps',
    width: 12,
    isStacked: true,
    queries: [
      {
        expression: `sum by (stack, service, reason) (${rate('tenfold_service_requests_failed_total')})`,
        legend: '{{stack}}/{{service}} {{reason}}',
      },
    ],
  },
  {
    title: 'Replicas',
    unit: 'short',
    width: 12,
    queries: [
      {
        expression: `sum by (stack, service) (tenfold_service_replicas_desired{${chosen}})`,
        legend: 'desired {{stack}}/{{service}}',
      },
      {
        expression: `sum by (stack, service) (tenfold_service_replicas_ready{${chosen}})`,
        legend: 'ready {{stack}}/{{service}}',
      },
    ],
  },
  {
    title: 'Requests that wait for a replica',
    unit: 'short',
    width: 12,
    queries: [
      {
        expression: `sum by (stack, service) (tenfold_service_requests_waiting{${chosen}})`,
        legend: '{{stack}}/{{service}}',
      },
    ],
  },
  {
    title: 'Requests by revision',
    description: 'Who serves what while one revision replaces another.',
    unit: 'reqps',
    width: 12,
    isStacked: true,
    queries: [
      {
        expression: `sum by (stack, service, revision) (${rate('http_requests_total')})`,
        legend: '{{stack}}/{{service}} {{revision}}',
      },
    ],
  },
  {
    title: 'Time in the queue',
    description: 'How long a request waited for a replica on average.',
    unit: 's',
    width: 12,
    queries: [
      {
        expression: `sum by (stack, service) (${rate('tenfold_service_queue_seconds_total')}) / sum by (stack, service) (${rate('tenfold_service_requests_total')})`,
        legend: '{{stack}}/{{service}}',
      },
    ],
  },
];

const replicaPanels: readonly Panel[] = [
  {
    title: 'Requests',
    unit: 'reqps',
    width: 12,
    queries: [{ expression: `sum by (instance) (${rate('http_requests_total')})`, legend: '{{instance}}' }],
  },
  {
    title: 'Latency, 95th percentile',
    unit: 's',
    width: 12,
    queries: [{ expression: quantile(0.95, 'instance'), legend: '{{instance}}' }],
  },
  {
    title: 'In flight',
    unit: 'short',
    width: 12,
    queries: [
      { expression: `sum by (instance) (http_requests_in_flight{${chosen}})`, legend: '{{instance}}' },
    ],
  },
  {
    title: 'Failed, retried and forced attempts',
    unit: 'reqps',
    width: 12,
    queries: ['failed', 'retried', 'forced'].map((kind) => ({
      expression: `sum by (instance) (${rate(`tenfold_replica_requests_${kind}_total`)})`,
      legend: `${kind} {{instance}}`,
    })),
  },
  {
    title: 'Processor',
    unit: 'percentunit',
    width: 12,
    queries: [
      {
        expression: `sum by (instance) (${rate('tenfold_replica_cpu_seconds_total')})`,
        legend: '{{instance}}',
      },
    ],
  },
  {
    title: 'Memory',
    unit: 'bytes',
    width: 12,
    queries: [
      { expression: `sum by (instance) (tenfold_replica_memory_bytes{${chosen}})`, legend: '{{instance}}' },
    ],
  },
  {
    title: 'Restarts',
    description: 'Ends that nobody asked for, in the last hour.',
    unit: 'short',
    width: 12,
    queries: [
      {
        expression: `sum by (instance) (increase(tenfold_replica_restarts_total{${chosen}}[1h]))`,
        legend: '{{instance}}',
      },
    ],
  },
  {
    title: 'Ready',
    unit: 'short',
    width: 12,
    queries: [{ expression: `sum by (instance) (tenfold_replica_ready{${chosen}})`, legend: '{{instance}}' }],
  },
];

/** Every dashboard that is shipped. */
export const dashboards: readonly DashboardDescription[] = [
  {
    uid: 'tenfold-services',
    title: 'Tenfold: services',
    description: 'Traffic, latency, failures and replicas of each service.',
    panels: servicePanels,
  },
  {
    uid: 'tenfold-replicas',
    title: 'Tenfold: replicas',
    description: 'Traffic, latency, processor and memory of each replica.',
    panels: replicaPanels,
  },
];
