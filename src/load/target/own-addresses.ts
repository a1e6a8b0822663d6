import { networkInterfaces } from 'node:os';
import type { StackStatus } from '../../daemon/control-api.ts';

/** An address at which something of a stack answers. */
export interface OwnAddress {
  readonly stack: string;
  /** Empty: every address of this machine. */
  readonly host: string;
  readonly port: number;
}

/** Where the services of the stacks answer: open listeners, ports that a runtime publishes, and replicas themselves. */
export function ownAddresses(stacks: readonly StackStatus[]): OwnAddress[] {
  return stacks.flatMap(({ name: stack, services, entrypoints = [] }) => [
    ...[...entrypoints, ...services.flatMap(({ listeners }) => listeners)]
      .filter(({ isOpen }) => isOpen)
      .map(({ hostIp, port }) => ({ stack, host: hostIp, port })),
    ...services
      .flatMap(({ replicas }) => replicas)
      .flatMap(({ endpoints, published }) => [
        ...endpoints.map(({ host, port }) => ({ stack, host, port })),
        ...published
          .filter(({ protocol }) => protocol === 'tcp')
          .map(({ hostIp, port }) => ({ stack, host: hostIp, port })),
      ]),
  ]);
}

/** Addresses of this machine's own interfaces. */
export function machineAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address));
}

/**
 * The first of the addresses that a name stands for at which a stack answers on the port; undefined when it is somebody
 * else's. `local` are the addresses of this machine.
 */
export function findOwnAddress(
  addresses: readonly string[],
  port: number,
  own: readonly OwnAddress[],
  local: readonly string[],
): { readonly address: string; readonly own: OwnAddress } | undefined {
  for (const address of addresses) {
    const found = own.find((each) => each.port === port && isSameHost(each.host, address, local));
    if (found !== undefined) return { address, own: found };
  }
  return undefined;
}

function isSameHost(host: string, address: string, local: readonly string[]): boolean {
  const isIpv6 = address.includes(':');
  if (host === '' || host === '::' || (host === '0.0.0.0' && !isIpv6)) return isLocal(address, local);
  return host === address;
}

function isLocal(address: string, local: readonly string[]): boolean {
  return address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address) || local.includes(address);
}
