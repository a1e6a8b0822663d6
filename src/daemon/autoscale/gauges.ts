import type { AutoscaleStatus } from '../autoscale-api.ts';

/** One value at one moment, for whoever exports it. */
export interface AutoscaleGauge {
  readonly name: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * The autoscaler in numbers: bounds and wanted replicas of each service, and each of its metrics by the last decision. Times are
 * in seconds, shares from 0 to 1, memory in bytes unless its target is a share.
 */
export function autoscaleGauges(statuses: readonly AutoscaleStatus[]): AutoscaleGauge[] {
  return statuses.flatMap(({ stack, service, current, min, max, mode, decision }) => {
    const labels = { stack, service };
    const gauge = (name: string, help: string, value: number, more = {}): AutoscaleGauge => ({
      name: `tenfold_autoscaler_${name}`,
      help,
      labels: { ...labels, ...more },
      value,
    });
    const findings = decision?.findings ?? [];
    const recommended = decision?.recommended;
    return [
      gauge('desired_replicas', 'Replicas that are wanted.', current),
      gauge('min_replicas', 'Fewest replicas that there may be now.', min),
      gauge('max_replicas', 'Most replicas that there may be now.', max),
      gauge('active', 'Whether it changes the number of replicas by itself.', mode === 'active' ? 1 : 0),
      ...(recommended === undefined
        ? []
        : [
            gauge(
              'recommended_replicas',
              'Replicas that the metrics ask for, before any limit.',
              recommended,
            ),
          ]),
      ...findings.flatMap(({ kind, current: value, target }, position) => {
        // Two queries are two metrics.
        const isRepeated = findings.some((other, index) => index < position && other.kind === kind);
        const metric = { metric: isRepeated ? `${kind}_${position}` : kind };
        const unit = kind === 'p95' || kind === 'queue_time' ? 0.001 : 1;
        return [
          gauge('metric_target', 'What the metric shall be at.', target * unit, metric),
          ...(value === undefined
            ? []
            : [gauge('metric_current', 'What the metric is at.', value * unit, metric)]),
        ];
      }),
    ];
  });
}
