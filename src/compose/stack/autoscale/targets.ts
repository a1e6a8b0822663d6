import type { MetricTarget } from '../../../model/autoscale.ts';
import { milliseconds } from '../balancing.ts';
import type { Place } from './place.ts';
import { cpuRequest, memoryRequest } from './requests.ts';

/** The metrics that the file names, in the order of their table in the docs. */
export function metricTargets(place: Place): MetricTarget[] {
  const { autoscale, config } = place;
  const target = autoscale.target ?? {};
  const metrics: MetricTarget[] = [];
  if (target.cpu !== undefined) {
    const { amount, basis } = cpuRequest(config);
    metrics.push({ kind: 'cpu', utilization: target.cpu, requestCores: amount, basis });
  }
  metrics.push(...memoryTarget(place));
  if (target.in_flight !== undefined) metrics.push({ kind: 'in_flight', average: target.in_flight });
  if (target.requests_per_second !== undefined)
    metrics.push({ kind: 'requests_per_second', average: target.requests_per_second });
  if (target.p95 !== undefined) metrics.push({ kind: 'p95', targetMs: positiveMs(place, 'p95', target.p95) });
  metrics.push(...queueTarget(place), ...prometheusTarget(place));
  if (metrics.length === 0) {
    place.fault(['target'], 'autoscale.target names no metric', {
      expected: 'one of cpu, memory, in_flight, requests_per_second, p95, queue_time, prometheus',
      got: 'none of them',
    });
  }
  return metrics;
}

function memoryTarget(place: Place): MetricTarget[] {
  const memory = place.autoscale.target?.memory;
  if (memory === undefined) return [];
  if ('bytes' in memory)
    return [{ kind: 'memory', averageBytes: memory.bytes, utilization: undefined, basis: undefined }];
  const request = memoryRequest(place.config);
  if (request === undefined) {
    place.fault(['target', 'memory'], 'a share of memory needs something to be a share of', {
      expected: 'deploy.resources.reservations.memory or deploy.resources.limits.memory beside it',
      got: `${Math.round(memory.share * 100)}% of nothing`,
      hint: 'add a limit, or give an amount: memory: 256M',
    });
    return [];
  }
  const averageBytes = memory.share * request.amount;
  return [{ kind: 'memory', averageBytes, utilization: memory.share, basis: request.basis }];
}

function queueTarget(place: Place): MetricTarget[] {
  const { autoscale, service } = place;
  const queueTime = autoscale.target?.queue_time;
  if (queueTime === undefined) return [];
  const slots = service.balancing.maxConnections;
  if (slots === undefined) {
    place.fault(['target', 'queue_time'], 'without max_connections no request ever waits for a replica', {
      expected: 'x-tenfold.max_connections beside it: what one replica takes at a time',
      hint: 'or take in_flight or p95 as the target',
    });
    return [];
  }
  return [{ kind: 'queue_time', targetMs: positiveMs(place, 'queue_time', queueTime), slots }];
}

function prometheusTarget(place: Place): MetricTarget[] {
  const prometheus = place.autoscale.target?.prometheus;
  if (prometheus === undefined) return [];
  const { url = '', query = '', value, average_value: average } = prometheus;
  if ((value === undefined) === (average === undefined)) {
    place.fault(['target', 'prometheus'], 'a query needs one target', {
      expected: 'value, for all replicas together, or average_value, for each of them',
      got: value === undefined ? 'neither' : 'both',
    });
    return [];
  }
  const per = value === undefined ? 'replica' : 'service';
  return [{ kind: 'prometheus', url, query, value: value ?? average ?? 1, per }];
}

function positiveMs(place: Place, key: string, text: string): number {
  const targetMs = milliseconds(text, 0);
  if (targetMs > 0) return targetMs;
  place.fault(['target', key], `${key} must be a time above 0`, {
    expected: 'a duration such as 250ms',
    got: text,
  });
  return 1;
}
