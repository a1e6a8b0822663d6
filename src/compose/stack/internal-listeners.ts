import type { Listener, Service } from '../../model/service.ts';
import type { Project } from '../project.ts';
import { tenfoldOf } from './balancing.ts';
import { ownPoolAt } from './own-pools.ts';

/**
 * Adds the loopback listeners through which local processes reach services: one for each target of a service that some
 * process, on a network that both are attached to, can reach.
 */
export function withInternalListeners(services: readonly Service[], project: Project): Service[] {
  // Processes by network, so that the work grows with the services and not with their pairs.
  const processesOn = new Map<string, Set<string>>();
  for (const { kind, name, networks } of services) {
    if (kind !== 'process') continue;
    for (const network of networks) {
      const names = processesOn.get(network) ?? new Set();
      processesOn.set(network, names.add(name));
    }
  }
  const isReached = ({ name, networks }: Service) =>
    networks.some((network) => {
      const processes = processesOn.get(network);
      return processes !== undefined && (processes.size > 1 || !processes.has(name));
    });
  return services.map((service) =>
    isReached(service)
      ? { ...service, listeners: [...service.listeners, ...internalListeners(service, project)] }
      : service,
  );
}

function internalListeners(service: Service, project: Project): Listener[] {
  const otherwise =
    tenfoldOf(service.name, project).protocol ?? (service.kind === 'process' ? 'http' : 'tcp');
  return service.targets.map((target) => ({
    key: `${service.name}:internal->${target}`,
    hostIp: '127.0.0.1',
    port: undefined,
    target,
    protocol: service.listeners.find((listener) => listener.target === target)?.protocol ?? otherwise,
    exposure: 'internal',
    ...ownPoolAt(target, service.listeners),
  }));
}
