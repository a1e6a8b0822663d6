import { createHash } from 'node:crypto';
import type { NetworkInspectInfo } from 'dockerode';

/**
 * An address for an ambassador to keep, from the upper half of its network: the engine gives out the lowest free ones, and in
 * networks that Tenfold made only those of the lower half. The same ambassador gets the same address as long as
 * nobody else has it. Undefined: the network has no IPv4 range, or is not one of the engine's own bridges.
 */
export function keptAddress(
  network: NetworkInspectInfo,
  ambassador: string,
  container: string,
): string | undefined {
  const range = ipv4Range(network);
  if (network.Driver !== 'bridge' || range === undefined || range.size < 8) return undefined;
  const taken = new Set(
    Object.values(network.Containers ?? {})
      .filter(({ Name }) => Name !== container)
      .map(({ IPv4Address: address }) => toNumber(address.split('/')[0] ?? '')),
  );
  for (const { Gateway: gateway } of network.IPAM?.Config ?? []) taken.add(toNumber(gateway ?? ''));
  const half = range.size / 2;
  // The last one is for broadcasts.
  const count = half - 1;
  const wanted = createHash('sha256').update(ambassador).digest().readUInt32BE(0) % count;
  for (let step = 0; step < count; step += 1) {
    const address = range.first + half + ((wanted + step) % count);
    if (!taken.has(address)) return toText(address);
  }
  return undefined;
}

/** The lower half of a range such as `172.18.0.0/16`: `172.18.0.0/17`; undefined where there is too little to halve. */
export function lowerHalf(subnet: string): string | undefined {
  const [address = '', length = ''] = subnet.split('/');
  const bits = Number(length);
  return address.includes(':') || !(bits >= 8 && bits <= 28) ? undefined : `${address}/${bits + 1}`;
}

function ipv4Range({ IPAM: ipam }: NetworkInspectInfo): { first: number; size: number } | undefined {
  for (const { Subnet: subnet = '' } of ipam?.Config ?? []) {
    const [address = '', length = ''] = subnet.split('/');
    if (address === '' || address.includes(':')) continue;
    const size = 2 ** (32 - Number(length));
    return { first: Math.floor(toNumber(address) / size) * size, size };
  }
  return undefined;
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

function toText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
