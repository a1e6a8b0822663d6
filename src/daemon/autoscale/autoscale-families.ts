import type { MetricFinding } from '../../autoscale/decision.ts';
import type { MetricFamily, Sample } from '../../exporters/prometheus/metric-family.ts';
import type { AutoscaleStatus } from '../autoscale-api.ts';

/**
 * The autoscaler for a scraper: bounds and wanted replicas of each service, and each of its metrics by the last decision. Times
 * are in seconds, shares from 0 to 1, memory in bytes unless its target is a share.
 */
export function autoscaleFamilies(statuses: readonly AutoscaleStatus[]): MetricFamily[] {
  const gauge = (
    name: string,
    help: string,
    valueOf: (status: AutoscaleStatus) => number | undefined,
  ): MetricFamily =>
    familyOf(
      name,
      help,
      statuses.flatMap((status) => sampleOf(status, {}, valueOf(status))),
    );
  const metric = (
    name: string,
    help: string,
    valueOf: (finding: MetricFinding) => number | undefined,
  ): MetricFamily =>
    familyOf(
      name,
      help,
      statuses.flatMap((status) =>
        (status.decision?.findings ?? []).flatMap((finding) => {
          const value = valueOf(finding);
          return sampleOf(status, { metric: finding.kind }, value && value * unitOf(finding));
        }),
      ),
    );
  return [
    gauge('desired_replicas', 'Replicas that are wanted.', ({ current }) => current),
    gauge('min_replicas', 'Fewest replicas that there may be now.', ({ min }) => min),
    gauge('max_replicas', 'Most replicas that there may be now.', ({ max }) => max),
    gauge(
      'recommended_replicas',
      'Replicas that the metrics ask for, before any limit.',
      ({ decision }) => decision?.recommended,
    ),
    gauge('active', 'Whether it changes the number of replicas by itself: 1 or 0.', ({ mode }) =>
      mode === 'active' ? 1 : 0,
    ),
    metric('metric_current', 'What a metric is at, by the last decision.', ({ current }) => current),
    metric('metric_target', 'What a metric shall be at.', ({ target }) => target),
  ];
}

function familyOf(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name: `tenfold_autoscaler_${name}`, type: 'gauge', help, samples };
}

function sampleOf(
  { stack, service }: AutoscaleStatus,
  more: Readonly<Record<string, string>>,
  value: number | undefined,
): Sample[] {
  return value === undefined ? [] : [{ labels: { stack, service, ...more }, value }];
}

function unitOf({ kind }: MetricFinding): number {
  return kind === 'p95' || kind === 'queue_time' ? 0.001 : 1;
}
