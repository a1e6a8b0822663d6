import type { Service } from '../../model/service.ts';
import { TenfoldError } from '../../shared/errors.ts';
import type { Project } from '../project.ts';

/** Refuses two listeners on one address: only one of them could ever be bound. */
export function refuseSharedPorts(services: readonly Service[], project: Project): void {
  const byPort = new Map<
    number,
    { readonly service: string; readonly hostIp: string; readonly key: string }[]
  >();
  for (const { name: service, listeners } of services) {
    for (const { port, hostIp, key } of listeners) {
      if (port === undefined) continue;
      const holders = byPort.get(port) ?? [];
      const other = holders.find((holder) => isSameAddress(holder.hostIp, hostIp));
      if (other !== undefined) {
        throw new TenfoldError(
          'invalid-compose',
          `service ${service} publishes port ${port}, which ${other.service} publishes too`,
          {
            where: project.locate('services', service, 'ports'),
            got: `${other.key} and ${key}`,
            hint: 'give one of them another port',
          },
        );
      }
      byPort.set(port, [...holders, { service, hostIp, key }]);
    }
  }
}

const everywhere = new Set(['', '0.0.0.0', '::']);

function isSameAddress(one: string, other: string): boolean {
  if (one === other || one === '' || other === '') return true;
  if (!everywhere.has(one) && !everywhere.has(other)) return false;
  return one.includes(':') === other.includes(':');
}
