import type { AutoscalePolicy, MetricKind, ScalingRules } from '../../../model/autoscale.ts';
import type { Place } from './place.ts';

/** Replicas are measured once a second, and a rate needs two measurements at least. */
export const minWindowMs = 3_000;

/** What is only measured of traffic that passes through the balancer. */
const trafficMetrics: ReadonlySet<MetricKind> = new Set([
  'in_flight',
  'requests_per_second',
  'p95',
  'queue_time',
]);

/** Remembers what contradicts itself in a policy, or cannot be had. */
export function checkAutoscale(place: Place, policy: AutoscalePolicy): void {
  const { fault } = place;
  if (policy.min > policy.max) {
    const expected = `at most ${policy.max}, which is max`;
    fault(['min'], `autoscale.min is above its max`, { expected, got: String(policy.min) });
  }
  checkTraffic(place, policy);
  checkReplicas(place, policy);
  checkRules(place, 'scale_up', policy.scaleUp);
  checkRules(place, 'scale_down', policy.scaleDown);
  checkTimes(place, policy);
}

function checkTraffic({ service, fault }: Place, { metrics, min, schedule }: AutoscalePolicy): void {
  if (service.listeners.length > 0 || (service.routedTargets?.length ?? 0) > 0) return;
  for (const { kind } of metrics) {
    if (!trafficMetrics.has(kind)) continue;
    fault(
      ['target', kind],
      `no traffic of ${service.name} passes through the balancer, so ${kind} is not known`,
      {
        expected: 'a balanced port, or cpu, memory or prometheus as the target',
      },
    );
  }
  const canBeZero = min === 0 || schedule.some((entry) => entry.min === 0);
  if (canBeZero && !metrics.some(({ kind }) => kind === 'prometheus')) {
    fault(['min'], `nothing could wake ${service.name} up once it is at zero`, {
      expected: 'a balanced port, whose requests wake it, or a prometheus query',
      got: '0',
    });
  }
}

/** What only one replica can have keeps a service from being scaled. */
function checkReplicas({ service, config, fault }: Place, { max, schedule }: AutoscalePolicy): void {
  if (config.deploy?.mode === 'global') {
    fault([], 'deploy.mode global and autoscale exclude each other', {
      hint: 'leave mode out',
    });
  }
  if (Math.max(max, ...schedule.map((entry) => entry.max ?? 0)) <= 1) return;
  if (service.isSingleton) {
    fault(['max'], `${service.name} is a singleton, of which two never run at once`, {
      expected: '1',
      got: String(max),
      hint: 'leave singleton or autoscale out',
    });
  }
  if (service.containerName !== undefined) {
    fault(['max'], `container_name ${service.containerName} can be given to one replica only`, {
      expected: '1',
      got: String(max),
      hint: 'leave container_name out',
    });
  }
  const port = service.directPorts.find(({ published }) => published !== '' && !published.includes('-'));
  if (port !== undefined) {
    fault(['max'], `each replica would publish port ${port.published} itself`, {
      expected: '1, a range of ports, or a balanced service',
      got: String(max),
    });
  }
}

function checkRules({ fault }: Place, direction: 'scale_up' | 'scale_down', rules: ScalingRules): void {
  const keys = ['behavior', direction];
  if (rules.stabilizationMs > 3_600_000) {
    const got = `${rules.stabilizationMs / 1000}s`;
    fault([...keys, 'stabilization_window'], 'a stabilization window is too long', {
      expected: 'at most 1h',
      got,
    });
  }
  for (const [index, { periodMs }] of rules.policies.entries()) {
    if (periodMs > 0 && periodMs <= 1_800_000) continue;
    fault([...keys, 'policies', index, 'period'], 'a policy has no such period', {
      expected: 'above 0s and at most 30m',
      got: `${periodMs / 1000}s`,
    });
  }
}

function checkTimes({ fault }: Place, { intervalMs, windowMs }: AutoscalePolicy): void {
  if (intervalMs < 100)
    fault(['interval'], 'decisions cannot come that fast', {
      expected: 'at least 100ms',
      got: `${intervalMs}ms`,
    });
  if (windowMs < minWindowMs) {
    const expected = `at least ${minWindowMs / 1000}s, as replicas are measured once a second`;
    fault(['window'], 'a window must hold some measurements', { expected, got: `${windowMs}ms` });
  }
}
