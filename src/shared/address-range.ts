import { isIP } from 'node:net';

/** Address and length of a CIDR range, or of a single address; undefined when the text is neither. */
export function parseRange(
  text: string,
): { readonly address: string; readonly bits: number; readonly family: 'ipv4' | 'ipv6' } | undefined {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const version = isIP(address);
  if (version === 0) return undefined;
  const maxBits = version === 4 ? 32 : 128;
  const bitsText = slash < 0 ? String(maxBits) : text.slice(slash + 1);
  const bits = /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : -1;
  if (bits < 0 || bits > maxBits) return undefined;
  return { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' };
}
