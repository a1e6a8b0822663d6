import type { Listener, OwnPool, Service } from '../model/service.ts';
import { poolId } from './desired.ts';

/** Ports inside a replica to which the balancer carries traffic: for listeners of the service, and for routes that lead to it. */
export function balancedTargets({ listeners, routedTargets = [] }: Service): readonly number[] {
  return [...new Set([...listeners.map(({ target }) => target), ...routedTargets])];
}

/** The replicas of a service at one target, balanced in one way. */
export interface ServicePool {
  readonly target: number;
  /** Undefined: the one that is balanced as the service says. */
  readonly own: OwnPool | undefined;
}

/** The pools that a service has while it is up: those that its listeners lead to, and those that routes lead to. */
export function poolsOfService({ listeners, routedTargets = [] }: Service): readonly ServicePool[] {
  const pools = new Map<string, ServicePool>();
  for (const { target, ownPool: own } of [...listeners, ...routedTargets.map(routedTo)]) {
    const key = `${target}/${own?.name ?? ''}`;
    if (!pools.has(key)) pools.set(key, { target, own });
  }
  return [...pools.values()];
}

function routedTo(target: number): Pick<Listener, 'target' | 'ownPool'> {
  return { target };
}

/** Names of the pools that the service has in the routing table while it is up. */
export function poolIdsOf(stackName: string, service: Service): readonly string[] {
  return poolsOfService(service).map(({ target, own }) => poolId(stackName, service.name, target, own?.name));
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
