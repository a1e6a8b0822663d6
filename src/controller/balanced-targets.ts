import type { Service } from '../model/service.ts';
import { poolId } from './desired.ts';

/** Ports inside a replica to which the balancer carries traffic: for listeners of the service, and for routes that lead to it. */
export function balancedTargets({ listeners, routedTargets = [] }: Service): readonly number[] {
  return [...new Set([...listeners.map(({ target }) => target), ...routedTargets])];
}

/** Names of the pools that the service has in the routing table while it is up. */
export function poolIdsOf(stackName: string, service: Service): readonly string[] {
  return balancedTargets(service).map((target) => poolId(stackName, service.name, target));
}

export function isBalanced(service: Service): boolean {
  return service.listeners.length > 0 || (service.routedTargets?.length ?? 0) > 0;
}

/**
 * The port at which a replica answers for a target of the service: its own revision may have had another one behind the
 * same address.
 */
export function ownTarget(service: Service, own: Service, target: number): number {
  if (own === service || balancedTargets(own).includes(target)) return target;
  for (const listener of service.listeners.filter((each) => each.target === target)) {
    const { exposure, hostIp, port } = listener;
    const same = own.listeners.find(
      (each) => each.exposure === exposure && each.hostIp === hostIp && each.port === port,
    );
    if (same !== undefined) return same.target;
  }
  return target;
}
