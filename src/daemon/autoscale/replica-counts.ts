import { boundsAt } from '../../autoscale/limits/schedule.ts';
import type { Desired, DesiredService } from '../../controller/desired.ts';
import type { Service } from '../../model/service.ts';
import { TenfoldError } from '../../shared/errors.ts';

/*
 * Whose word counts for the number of replicas of a service that scales by itself. Pure. The autoscaler owns the number: an
 * `up` starts with the file's own, within the bounds, and then leaves it alone. A person who wants another one pauses it.
 */

type Count = Pick<DesiredService, 'replicas' | 'source' | 'fileReplicas'>;

/** Whether the autoscaler settles the number of replicas; in shadow mode it only says what it would do. */
export function isAutoscaled(
  service: Service,
  wanted: Pick<DesiredService, 'isAutoscalePaused'> | undefined,
): boolean {
  return service.autoscale !== undefined && !service.autoscale.isShadow && wanted?.isAutoscalePaused !== true;
}

/**
 * What `up` makes of the number of a service that scales by itself: it is brought within the bounds, as the next decision
 * would. `resetScale` begins anew with that of the file.
 */
export function autoscaledAfterUp(
  service: Service,
  before: DesiredService | undefined,
  resetScale: boolean,
  now: number,
): Count {
  const fileReplicas = service.replicas;
  const start = before === undefined || resetScale ? fileReplicas : before.replicas;
  const { autoscale } = service;
  const { min, max } = autoscale === undefined ? { min: start, max: start } : boundsAt(autoscale, now);
  return { replicas: Math.min(Math.max(start, min), max), source: 'autoscaler', fileReplicas };
}

/** Throws `invalid-scale` when a number is asked for that the autoscaler would change again. */
export function refuseAutoscaled(service: Service, wanted: DesiredService | undefined, count: number): void {
  if (!isAutoscaled(service, wanted)) return;
  const { min = 1, max = 1 } = service.autoscale ?? {};
  throw new TenfoldError(
    'invalid-scale',
    `${service.name} scales by itself, and would not stay at ${count}`,
    {
      expected: `a service without autoscale, or one whose autoscaler is paused`,
      got: `autoscale from ${min} to ${max}`,
      hint: `tenfold autoscale pause ${service.name} first; tenfold autoscale resume ${service.name} gives it back`,
    },
  );
}

/** The autoscaler's own word. */
export function withReplicas(desired: Desired, name: string, replicas: number): Desired {
  const before = desired.services[name];
  if (before === undefined) return desired;
  const services = { ...desired.services, [name]: { ...before, replicas, source: 'autoscaler' as const } };
  return { ...desired, services };
}

/** Pauses the autoscaler of these services, or lets it go on, from the number that they have. */
export function withAutoscalePaused(desired: Desired, names: readonly string[], isPaused: boolean): Desired {
  const services = Object.entries(desired.services).map(([name, service]): [string, DesiredService] => {
    if (!names.includes(name)) return [name, service];
    const { isAutoscalePaused: _, ...rest } = service;
    if (isPaused) return [name, { ...rest, isAutoscalePaused: true }];
    const isOwn = desired.stack.services[name]?.autoscale?.isShadow === false;
    return [name, isOwn ? { ...rest, source: 'autoscaler' } : rest];
  });
  return { ...desired, services: Object.fromEntries(services) };
}

/**
 * A state that a command made of `base`, with the numbers that the autoscaler has set since. `next` says nothing of the number
 * of a service when it has the one of `base`.
 */
export function keepingAutoscaled(next: Desired, base: Desired | undefined, now: Desired): Desired {
  const services = Object.entries(next.services).map(([name, service]): [string, DesiredService] => {
    const current = now.services[name];
    const isOwn = service.source === 'autoscaler' && current?.source === 'autoscaler';
    if (!isOwn || base?.services[name]?.replicas !== service.replicas) return [name, service];
    return [name, { ...service, replicas: current.replicas }];
  });
  return { ...next, services: Object.fromEntries(services) };
}
