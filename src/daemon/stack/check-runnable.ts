import type { Service } from '../../model/service.ts';
import type { Stack } from '../../model/stack.ts';
import { TenfoldError } from '../../shared/errors.ts';

/** What only one replica can have keeps a service at one. Throws `invalid-scale`. */
export function checkRunnable(service: Service, count: number, stack: Stack): void {
  const file = stack.configFiles[0] ?? stack.workingDir;
  if (count <= 1) return;
  if (service.containerName !== undefined) {
    throw new TenfoldError(
      'invalid-scale',
      `${service.name} cannot have ${count} replicas: its container_name can be given to one only`,
      {
        where: { file, path: `services.${service.name}.container_name` },
        expected: 'at most 1 replica',
        got: String(count),
        hint: `remove container_name: ${service.containerName}, and replicas are named by themselves`,
      },
    );
  }
  if (service.isSingleton) {
    throw new TenfoldError(
      'invalid-scale',
      `${service.name} cannot have ${count} replicas: it is a singleton, of which two never run at once`,
      {
        where: { file, path: `services.${service.name}.x-tenfold.singleton` },
        expected: 'at most 1 replica',
        got: String(count),
        hint: 'remove singleton: true if two may run at the same time',
      },
    );
  }
  const port = service.directPorts.find(({ published }) => published !== '' && !published.includes('-'));
  if (port !== undefined) {
    throw new TenfoldError(
      'invalid-scale',
      `${service.name} cannot have ${count} replicas: each would publish port ${port.published}`,
      {
        where: { file, path: `services.${service.name}.ports` },
        expected: 'at most 1 replica, a range of ports, or a balanced service',
        got: String(count),
        hint: service.isStateful
          ? 'it mounts a named volume, so Docker publishes its ports; say x-tenfold: {publish: balanced} if replicas may share the volume'
          : 'publish a range of ports, or leave x-tenfold.publish at balanced',
      },
    );
  }
}
