import type { Service } from '../../../model/service.ts';
import type { Stack } from '../../../model/stack.ts';
import type { PortReservations } from './ports.ts';
import type { ProcessRecord } from '../records/process-record.ts';

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
  const direct = new Map(service.directPorts.map((port) => [port.target, port]));
  const targets = new Set([...service.targets, ...direct.keys()]);
  const avoid = listenerPorts(stack);
  const assigned: AssignedPort[] = [];
  try {
    for (const target of targets) {
      const publishing = direct.get(target);
      const port =
        publishing === undefined || publishing.published === ''
          ? await reservations.take(avoid)
          : await reservations.takeFrom(publishing.published, service.name);
      assigned.push({ target, port, hostIp: publishing?.hostIp ?? null });
    }
    return assigned;
  } catch (thrown) {
    for (const { port } of assigned) reservations.release(port);
    throw thrown;
  }
}

/** `PORT` is the first target's, `PORT_<target>` each one's. */
export function portEnvironment(ports: readonly AssignedPort[]): Record<string, string> {
  const [first] = ports;
  return {
    ...(first === undefined ? {} : { PORT: String(first.port) }),
    ...Object.fromEntries(ports.map(({ target, port }) => [`PORT_${target}`, String(port)])),
  };
}

/** Ports that the balancer opens for the stack, perhaps only later. */
function listenerPorts(stack: Stack): ReadonlySet<number> {
  const listeners = Object.values(stack.services).flatMap((service) => service.listeners);
  return new Set(listeners.flatMap((listener) => listener.port ?? []));
}
