import { runningDependents } from './dependencies.ts';
import type { Desired } from '../desired.ts';
import { isAlive, type Observed } from '../observed.ts';
import type { Retirement, ServicePlan } from './reconcile-service.ts';
import type { Service } from '../../model/service.ts';

/** A service that shall stop: all of its replicas leave, once nothing that depends on it runs any more. */
export function reconcileEnding(
  service: Service,
  phase: 'stopped' | 'absent',
  desired: Desired,
  observed: Observed,
): ServicePlan {
  const replicas = observed.byService.get(service.name) ?? [];
  const plan: ServicePlan = {
    operations: [],
    waits: [],
    retiring: new Map(),
    aside: new Map(),
    wakeTimes: [],
  };
  for (const { index } of observed.creating.get(service.name) ?? []) {
    plan.waits.push({ service: service.name, instance: `${service.name}-${index}`, reason: 'being created' });
  }
  const leaving = phase === 'absent' ? replicas : replicas.filter(isAlive);
  if (leaving.length === 0) return plan;
  const dependents = runningDependents(service.name, desired, observed).filter(
    (dependent) => desired.services[dependent]?.phase !== 'running',
  );
  if (dependents.length > 0 && leaving.some(isAlive)) {
    plan.waits.push({ service: service.name, reason: `stops after ${dependents.join(', ')}` });
    return plan;
  }
  const retirement: Retirement = {
    cause: phase === 'absent' ? 'down' : 'stop',
    afterwards: phase === 'absent' ? 'remove' : 'keep',
  };
  for (const { replica } of leaving) plan.retiring.set(replica.id, retirement);
  return plan;
}
