import type { Service } from '../model/service.ts';

/** Ports inside a replica to which the balancer carries traffic: for listeners of the service, and for routes that lead to it. */
export function balancedTargets({ listeners, routedTargets = [] }: Service): readonly number[] {
  return [...new Set([...listeners.map(({ target }) => target), ...routedTargets])];
}

export function isBalanced(service: Service): boolean {
  return service.listeners.length > 0 || (service.routedTargets?.length ?? 0) > 0;
}
