import type { AutoscalePolicy, ScalingRules } from '../../../model/autoscale.ts';
import type { Service } from '../../../model/service.ts';
import { TenfoldError } from '../../../shared/errors.ts';
import { throwAll } from '../../faults.ts';
import type { Project } from '../../project.ts';
import type { XTenfoldAutoscale } from '../../schema/tenfold/autoscale.ts';
import { milliseconds } from '../balancing.ts';
import { checkAutoscale, minWindowMs } from './check.ts';
import { connectionBudgets } from './connections.ts';
import { placeOf, type Place } from './place.ts';
import { memoryLimitBytes } from './requests.ts';
import { scheduleEntries } from './schedule.ts';
import { metricTargets } from './targets.ts';

const defaultIntervalMs = 15_000;
const defaultTolerance = 0.1;

/**
 * Gives each service with an `x-tenfold.autoscale` its policy. Throws `invalid-compose` with the location of everything
 * in it that contradicts itself, or the services there are.
 */
export function withAutoscaling(services: readonly Service[], project: Project): Service[] {
  const faults: TenfoldError[] = [];
  const byName = new Map(services.map((service) => [service.name, service]));
  if (project.tenfold.defaults.autoscale !== undefined) {
    faults.push(
      new TenfoldError(
        'invalid-compose',
        'autoscale stands at the top level, and would scale every service',
        {
          where: project.locate('x-tenfold', 'autoscale'),
          hint: 'put it under x-tenfold of the services that it is for',
        },
      ),
    );
  }
  const scaled = services.map((service) => {
    const autoscale = project.tenfold.services[service.name]?.autoscale;
    if (autoscale === undefined) return service;
    const place = placeOf(service, autoscale, project, byName, faults);
    const policy = autoscalePolicy(place);
    checkAutoscale(place, policy);
    return { ...service, autoscale: policy };
  });
  throwAll(faults);
  return scaled;
}

function autoscalePolicy(place: Place): AutoscalePolicy {
  const { autoscale, config } = place;
  const { behavior = {}, memory_reserve: reserve } = autoscale;
  const tolerance = behavior.tolerance ?? defaultTolerance;
  const intervalMs = milliseconds(autoscale.interval, defaultIntervalMs);
  return {
    min: autoscale.min ?? 1,
    max: autoscale.max ?? 1,
    metrics: metricTargets(place),
    scaleUp: scalingRules(behavior.scale_up, 0, defaultUpPolicies, tolerance),
    scaleDown: scalingRules(behavior.scale_down, 300_000, defaultDownPolicies, tolerance),
    schedule: scheduleEntries(place),
    isShadow: autoscale.shadow ?? false,
    intervalMs,
    windowMs: milliseconds(autoscale.window, Math.max(intervalMs, minWindowMs)),
    cpuInitializationMs: milliseconds(autoscale.cpu_initialization_period, 300_000),
    initialReadinessMs: milliseconds(autoscale.initial_readiness_delay, 30_000),
    memoryReserveBytes: reserve === undefined ? undefined : Number(reserve),
    memoryLimitBytes: memoryLimitBytes(config),
    connections: connectionBudgets(place),
  };
}

const defaultUpPolicies: ScalingRules['policies'] = [
  { type: 'Pods', value: 4, periodMs: 15_000 },
  { type: 'Percent', value: 100, periodMs: 15_000 },
];
const defaultDownPolicies: ScalingRules['policies'] = [{ type: 'Percent', value: 100, periodMs: 15_000 }];

type RulesConfig = NonNullable<XTenfoldAutoscale['behavior']>['scale_up'];

/** What the file says of one direction, over the defaults of the Kubernetes HPA. */
function scalingRules(
  rules: RulesConfig,
  stabilizationMs: number,
  policies: ScalingRules['policies'],
  tolerance: number,
): ScalingRules {
  return {
    stabilizationMs: milliseconds(rules?.stabilization_window, stabilizationMs),
    selectPolicy: rules?.select_policy ?? 'Max',
    policies:
      rules?.policies?.map(({ type = 'Pods', value = 1, period }) => ({
        type,
        value,
        periodMs: milliseconds(period, 15_000),
      })) ?? policies,
    tolerance: rules?.tolerance ?? tolerance,
  };
}
