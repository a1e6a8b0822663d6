import type { Entrypoint } from '../../model/routing.ts';
import type { Service } from '../../model/service.ts';
import { TenfoldError } from '../../shared/errors.ts';
import type { Project } from '../project.ts';

/** Refuses two listeners on one address: only one of them could ever be bound. Entrypoints are addresses too. */
export function refuseSharedPorts(
  services: readonly Service[],
  entrypoints: readonly Entrypoint[],
  project: Project,
): void {
  const byPort = new Map<number, readonly Holder[]>();
  for (const holder of [...entrypoints.map(entrypointHolder), ...services.flatMap(serviceHolders)]) {
    const holders = byPort.get(holder.port) ?? [];
    const other = holders.find(({ hostIp }) => isSameAddress(hostIp, holder.hostIp));
    if (other !== undefined) {
      const { who, port, keys } = holder;
      throw new TenfoldError(
        'invalid-compose',
        `${who} publishes port ${port}, which ${other.name} publishes too`,
        {
          where: project.locate(...keys),
          got: `${other.key} and ${holder.key}`,
          hint: 'give one of them another port',
        },
      );
    }
    byPort.set(holder.port, [...holders, holder]);
  }
}

interface Holder {
  readonly who: string;
  readonly name: string;
  readonly hostIp: string;
  readonly port: number;
  readonly key: string;
  readonly keys: readonly string[];
}

function entrypointHolder({ name, hostIp, port }: Entrypoint): Holder {
  const keys = ['x-tenfold', 'entrypoints', name];
  return { who: `entrypoint ${name}`, name, hostIp, port, key: `${name}:${port}`, keys };
}

function serviceHolders({ name, listeners }: Service): Holder[] {
  return listeners.flatMap(({ port, hostIp, key }) =>
    port === undefined
      ? []
      : [{ who: `service ${name}`, name, hostIp, port, key, keys: ['services', name, 'ports'] }],
  );
}

const everywhere = new Set(['', '0.0.0.0', '::']);

function isSameAddress(one: string, other: string): boolean {
  if (one === other || one === '' || other === '') return true;
  if (!everywhere.has(one) && !everywhere.has(other)) return false;
  return one.includes(':') === other.includes(':');
}
