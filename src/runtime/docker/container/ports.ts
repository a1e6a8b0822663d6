import type { PortMap } from 'dockerode';
import type { Service } from '../../../model/service.ts';
import { composeServiceOf } from '../compose-types.ts';
import type { Reach } from '../engine/reach.ts';

/** Ports that the container declares: those under `ports` and `expose`, and those that the balancer will reach. */
export function exposedPorts(service: Service): Record<string, Record<string, never>> {
  const { ports, expose } = composeServiceOf(service);
  const names = [
    ...(ports ?? []).map(({ target, protocol }) => `${target}/${protocol ?? 'tcp'}`),
    ...(expose ?? []).flatMap(exposedRange),
    ...service.targets.map((target) => `${target}/tcp`),
    // The engine publishes no port that is not declared.
    ...service.directPorts.map(({ target, protocol }) => `${target}/${protocol}`),
  ];
  return Object.fromEntries(names.map((name) => [name, {}]));
}

/** `3000`, `3000-3005` or `53/udp`. */
function exposedRange(text: string): readonly string[] {
  const [range = '', protocol = 'tcp'] = text.split('/');
  const [first = 0, last = first] = range.split('-').map(Number);
  return Array.from({ length: last - first + 1 }, (_, offset) => `${first + offset}/${protocol}`);
}

/**
 * Only what the engine itself publishes; every other port is the balancer's. Where the balancer cannot reach a
 * container, it gets a published port of the engine's choice for each of its targets.
 */
export function portBindings({ directPorts, targets }: Service, reach: Reach): PortMap {
  const bindings: PortMap = {};
  for (const { hostIp, published, target, protocol } of directPorts) {
    (bindings[`${target}/${protocol}`] ??= []).push({ HostIp: hostIp, HostPort: published });
  }
  if (reach.kind === 'published') {
    for (const target of targets) {
      bindings[`${target}/tcp`] ??= [{ HostIp: reach.bindIp, HostPort: '' }];
    }
  }
  return bindings;
}
