import type { DirectPort, Service } from '../../../model/service.ts';
import type { Stack } from '../../../model/stack.ts';
import type { ProcessRecord } from '../records/process-record.ts';
import type { PortReservations } from './ports.ts';

export type AssignedPort = ProcessRecord['ports'][number];

/**
 * One port for each target of the service: of the published range where the service publishes the target itself,
 * a free loopback port otherwise. Throws `port-taken`; then nothing is held.
 */
export async function assignPorts(
  stack: Stack,
  service: Service,
  reservations: PortReservations,
): Promise<readonly AssignedPort[]> {
  const avoid = listenerPorts(stack);
  const assigned: AssignedPort[] = [];
  try {
    for (const { target, protocol, direct } of wishesOf(service)) {
      const published = direct?.published ?? '';
      const port =
        published === ''
          ? await reservations.take(avoid)
          : await reservations.takeFrom(published, protocol, service.name);
      assigned.push({ target, port, protocol, hostIp: direct?.hostIp ?? null });
    }
    return assigned;
  } catch (thrown) {
    for (const { port } of assigned) reservations.release(port);
    throw thrown;
  }
}

/** `PORT` is the first target's, `PORT_<target>` each one's; for UDP it is `PORT_<target>_UDP` as well. */
export function portEnvironment(ports: readonly AssignedPort[]): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const { target, port, protocol } of ports) {
    const text = String(port);
    environment['PORT'] ??= text;
    environment[`PORT_${target}`] ??= text;
    if (protocol === 'udp') environment[`PORT_${target}_UDP`] = text;
  }
  return environment;
}

interface PortWish {
  readonly target: number;
  readonly protocol: 'tcp' | 'udp';
  readonly direct: DirectPort | undefined;
}

/** Targets in the order of the file, then those that only the service itself publishes. */
function wishesOf(service: Service): readonly PortWish[] {
  const direct = new Map(service.directPorts.map((port) => [`${port.target}/${port.protocol}`, port]));
  const wishes = new Map<string, PortWish>();
  for (const target of service.targets) {
    const key = `${target}/tcp`;
    wishes.set(key, { target, protocol: 'tcp', direct: direct.get(key) });
  }
  for (const [key, port] of direct)
    wishes.set(key, { target: port.target, protocol: port.protocol, direct: port });
  return [...wishes.values()];
}

/** Ports that the balancer opens for the stack, perhaps only later. */
function listenerPorts(stack: Stack): ReadonlySet<number> {
  const listeners = Object.values(stack.services).flatMap((service) => service.listeners);
  return new Set(listeners.flatMap((listener) => listener.port ?? []));
}
