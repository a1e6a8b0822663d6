import type { BalancerFigures } from '../../balancer/balancer-driver.ts';
import { kindsOf } from '../../controller/desired.ts';
import type { StackController } from '../../controller/loop.ts';
import { isSteady } from '../../controller/plan.ts';
import type { MetricFamily, Sample } from './metric-family.ts';

export type MeasuredController = Pick<StackController, 'desired' | 'last' | 'ledger'>;

/** What the controllers know: failures by kind, work under way, and whether the drivers answer. */
export function controllerFamilies(controllers: readonly MeasuredController[]): readonly MetricFamily[] {
  const stacks = controllers.flatMap(({ desired, last, ledger }) =>
    last === undefined ? [] : [{ desired, last, ledger, labels: { stack: desired.stack.name } }],
  );
  return [
    {
      name: 'tenfold_service_requests_failed_total',
      type: 'counter',
      help: 'Requests that got no good answer, by reason, since the daemon began to look.',
      samples: stacks.flatMap(({ desired, ledger, labels }) =>
        Object.keys(desired.stack.services).flatMap((service) =>
          Object.entries(ledger.totals([service]).failures).map(([reason, value]): Sample => ({
            labels: { ...labels, service, reason },
            value,
          })),
        ),
      ),
    },
    {
      name: 'tenfold_stack_steady',
      type: 'gauge',
      help: 'Whether nothing is left to do for a stack: 1 or 0.',
      samples: stacks.map(({ last, labels }) => ({ labels, value: isSteady(last.plan) ? 1 : 0 })),
    },
    {
      name: 'tenfold_stack_operations',
      type: 'gauge',
      help: 'Operations on a stack that are under way.',
      samples: stacks.map(({ last, labels }) => ({ labels, value: last.observed.inProgress.length })),
    },
    {
      name: 'tenfold_stack_waits',
      type: 'gauge',
      help: 'Conditions that a stack waits for.',
      samples: stacks.map(({ last, labels }) => ({ labels, value: last.plan.waits.length })),
    },
    {
      name: 'tenfold_rollout_paused',
      type: 'gauge',
      help: 'A service on its way to another revision: 1 while that is paused, else 0.',
      samples: stacks.flatMap(({ desired, labels }) =>
        Object.entries(desired.services).flatMap(([service, { rollout }]): readonly Sample[] => {
          if (rollout === undefined) return [];
          const { strategy, phase, pause } = rollout;
          return [{ labels: { ...labels, service, strategy, phase }, value: pause === undefined ? 0 : 1 }];
        }),
      ),
    },
    {
      name: 'tenfold_runtime_up',
      type: 'gauge',
      help: 'Whether the runtime of a stack answers: 1 or 0.',
      samples: stacks.flatMap(({ desired, last, labels }) =>
        Array.from(kindsOf(desired), (runtime) => ({
          labels: { ...labels, runtime },
          value: last.observed.unreachable.has(runtime) ? 0 : 1,
        })),
      ),
    },
    {
      name: 'tenfold_balancer_up',
      type: 'gauge',
      help: 'Whether the balancer answered when a stack was looked at last: 1 or 0.',
      samples: stacks.map(({ last, labels }) => ({
        labels,
        value: last.observed.isBalancerReachable ? 1 : 0,
      })),
    },
  ];
}

/** What the proxy counts beside services and replicas. */
export function balancerFamilies(figures: BalancerFigures | undefined): readonly MetricFamily[] {
  if (figures === undefined) return [];
  const { accepted, reading, writing, waiting, logged, logDropped, spansSent, spansDropped } = figures;
  const counter = (name: string, help: string, value: number): MetricFamily => ({
    name,
    type: 'counter',
    help,
    samples: [{ labels: {}, value }],
  });
  return [
    counter('tenfold_connections_accepted_total', 'Connections of clients that were accepted.', accepted),
    {
      name: 'tenfold_connections',
      type: 'gauge',
      help: 'Connections of clients that are open, by what they do.',
      samples: Object.entries({ reading, writing, waiting }).map(([state, value]) => ({
        labels: { state },
        value,
      })),
    },
    counter('tenfold_access_log_lines_total', 'Lines of access logs that were written.', logged),
    counter('tenfold_access_log_dropped_total', 'Lines of access logs that were dropped.', logDropped),
    counter('tenfold_spans_sent_total', 'Spans that a collector took.', spansSent),
    counter('tenfold_spans_dropped_total', 'Spans that were dropped.', spansDropped),
  ];
}

/** The daemon itself, under the names that every Prometheus client uses. */
export function processFamilies(version: string): readonly MetricFamily[] {
  const { user, system } = process.cpuUsage();
  const one = (value: number): readonly Sample[] => [{ labels: {}, value }];
  return [
    {
      name: 'tenfold_build_info',
      type: 'gauge',
      help: 'Version of the daemon; always 1.',
      samples: [{ labels: { version, node: process.version }, value: 1 }],
    },
    {
      name: 'process_cpu_seconds_total',
      type: 'counter',
      help: 'Processor time that the daemon has used.',
      samples: one((user + system) / 1e6),
    },
    {
      name: 'process_resident_memory_bytes',
      type: 'gauge',
      help: 'Resident memory of the daemon.',
      samples: one(process.memoryUsage.rss()),
    },
    {
      name: 'process_start_time_seconds',
      type: 'gauge',
      help: 'When the daemon was started, since the epoch.',
      samples: one(Math.round(Date.now() / 1_000 - process.uptime())),
    },
  ];
}
