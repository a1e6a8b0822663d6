import { BlockList, isIP } from 'node:net';
import { parseRange } from '../../../shared/address-range.ts';

export interface RangeSet {
  has(address: string): boolean;
}

/** Throws where one of the ranges is none: the loader has judged them before. */
export function rangeSet(ranges: readonly string[]): RangeSet {
  const list = new BlockList();
  for (const text of ranges) {
    const range = parseRange(text);
    if (range === undefined) throw new Error(`${text} is no address range`);
    list.addSubnet(range.address, range.bits, range.family);
  }
  return {
    has: (address) => {
      const version = isIP(address);
      return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

/** An IPv4 address on a socket for both families, as what it is. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
}
