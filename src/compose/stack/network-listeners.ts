import type { Listener, Service } from '../../model/service.ts';
import type { Project } from '../project.ts';
import { tenfoldOf } from './balancing.ts';
import { ownPoolAt } from './own-pools.ts';

/**
 * Adds the listeners to which a service's name leads between containers: one for each target of a balanced service that
 * another container service can reach. One that Docker publishes itself, that has a `container_name` or speaks UDP keeps the
 * names that Docker gives it, unless the file says otherwise.
 */
export function withNetworkListeners(
  services: readonly Service[],
  project: Project,
  warnings: string[],
): Service[] {
  const countOn = new Map<string, number>();
  for (const { kind, networks } of services) {
    if (kind !== 'container') continue;
    for (const network of networks) countOn.set(network, (countOn.get(network) ?? 0) + 1);
  }
  return services.map((service) => {
    const asked = tenfoldOf(service.name, project).ambassador;
    const isReached = service.networks.some((network) => (countOn.get(network) ?? 0) > 1);
    if (service.kind !== 'container' || !(asked ?? isBalanced(service, project)) || !isReached)
      return service;
    if (service.targets.length === 0 && asked === true) {
      warnings.push(
        `service ${service.name} has no port that Tenfold knows, so no ambassador stands for it; name its ports under expose`,
      );
    }
    return { ...service, listeners: [...service.listeners, ...networkListeners(service, project)] };
  });
}

function isBalanced({ name, containerName, isStateful, directPorts }: Service, project: Project): boolean {
  const publish = tenfoldOf(name, project).publish ?? (isStateful ? 'direct' : 'balanced');
  // An ambassador carries TCP only.
  const hasUdp = project.services[name]?.expose?.some((port) => port.endsWith('/udp')) ?? false;
  return publish === 'balanced' && containerName === undefined && directPorts.length === 0 && !hasUdp;
}

function networkListeners(service: Service, project: Project): Listener[] {
  const attached = project.services[service.name]?.networks ?? {};
  const networks = service.networks.map((key) => ({
    network: project.networks[key]?.name ?? `${project.name}_${key}`,
    aliases: [service.name, ...(attached[key]?.aliases ?? [])],
  }));
  // What other containers speak to it, nobody has said; bytes are passed on whatever they are.
  const otherwise = tenfoldOf(service.name, project).protocol ?? 'tcp';
  const atTargets = service.targets.map((target): Listener => ({
    key: `${service.name}:network->${target}`,
    hostIp: '',
    port: target,
    target,
    protocol: service.listeners.find((listener) => listener.target === target)?.protocol ?? otherwise,
    exposure: 'network',
    ...ownPoolAt(target, service.listeners),
    networks,
  }));
  // What a port is balanced for, such as a role, can only be asked for by its number.
  const taken = new Set(service.targets);
  const atOwnPorts = service.listeners.flatMap(
    ({ port, target, protocol, ownPool, exposure }): Listener[] => {
      if (exposure !== 'published' || ownPool === undefined || port === undefined || taken.has(port))
        return [];
      taken.add(port);
      const key = `${service.name}:network:${port}->${target}`;
      return [{ key, hostIp: '', port, target, protocol, exposure: 'network', ownPool, networks }];
    },
  );
  return [...atTargets, ...atOwnPorts];
}
