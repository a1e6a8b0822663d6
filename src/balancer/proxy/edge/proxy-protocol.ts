import { isIP } from 'node:net';

/** Source and destination that a PROXY protocol header names; undefined for a connection of the proxy itself. */
export interface ProxiedFrom {
  readonly address: string;
  readonly port: number;
}

export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed' }
  /** `end`: index after the header. */
  | { readonly kind: 'header'; readonly from: ProxiedFrom | undefined; readonly end: number };

const incomplete: ProxyHeader = { kind: 'incomplete' };
const malformed: ProxyHeader = { kind: 'malformed' };
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const maxV1Bytes = 107;
const maxV2Bytes = 16 + 1024;

/** Reads a header of version 1 or 2 from the start of the bytes (the PROXY protocol, haproxy.org, 2020). */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const known = Math.min(bytes.length, signature.length);
  if (bytes.subarray(0, known).equals(signature.subarray(0, known)))
    return bytes.length < 16 ? incomplete : readV2(bytes);
  return readV1(bytes);
}

function readV1(bytes: Buffer): ProxyHeader {
  const text = bytes.toString('latin1', 0, Math.min(bytes.length, maxV1Bytes));
  if (!text.startsWith('PROXY '.slice(0, text.length))) return malformed;
  const end = text.indexOf('\r\n');
  if (end < 0) return bytes.length < maxV1Bytes ? incomplete : malformed;
  const [, family, source = '', destination = '', port = '', other = '', ...more] = text
    .slice(0, end)
    .split(' ');
  if (family === 'UNKNOWN') return { kind: 'header', from: undefined, end: end + 2 };
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : 0;
  const isValid =
    version !== 0 &&
    isIP(source) === version &&
    isIP(destination) === version &&
    isPort(port) &&
    isPort(other) &&
    more.length === 0;
  if (!isValid) return malformed;
  return { kind: 'header', from: { address: source, port: Number(port) }, end: end + 2 };
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

function readV2(bytes: Buffer): ProxyHeader {
  const versionAndCommand = bytes[12] ?? 0;
  const familyAndProtocol = bytes[13] ?? 0;
  const end = 16 + bytes.readUInt16BE(14);
  if (versionAndCommand >> 4 !== 2 || end > maxV2Bytes) return malformed;
  if (bytes.length < end) return incomplete;
  const command = versionAndCommand & 0xf;
  if (command > 1) return malformed;
  // LOCAL: a health check of the proxy itself.
  if (command === 0) return { kind: 'header', from: undefined, end };
  switch (familyAndProtocol) {
    case 0x11:
      if (end < 16 + 12) return malformed;
      return {
        kind: 'header',
        from: { address: bytes.subarray(16, 20).join('.'), port: bytes.readUInt16BE(24) },
        end,
      };
    case 0x21:
      if (end < 16 + 36) return malformed;
      return { kind: 'header', from: { address: ipv6(bytes, 16), port: bytes.readUInt16BE(48) }, end };
    case 0x00:
      return { kind: 'header', from: undefined, end };
    default:
      return malformed;
  }
}

function ipv6(bytes: Buffer, start: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(start + index * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** Both ends of a client's connection. */
export interface ConnectionEnds {
  readonly source: ProxiedFrom;
  readonly destination: ProxiedFrom;
}

/** A header to put before all that goes to a replica, as latin1 text. */
export function formatProxyHeader(version: 'v1' | 'v2', { source, destination }: ConnectionEnds): string {
  const family = isIP(source.address);
  const isKnown = family !== 0 && isIP(destination.address) === family;
  if (version === 'v1') {
    if (!isKnown) return 'PROXY UNKNOWN\r\n';
    return `PROXY TCP${family} ${source.address} ${destination.address} ${source.port} ${destination.port}\r\n`;
  }
  const addresses = isKnown
    ? Buffer.concat([
        addressBytes(source.address),
        addressBytes(destination.address),
        portBytes(source.port),
        portBytes(destination.port),
      ])
    : Buffer.alloc(0);
  const protocol = isKnown ? (family === 4 ? 0x11 : 0x21) : 0x00;
  const head = Buffer.concat([signature, Buffer.from([0x21, protocol]), portBytes(addresses.length)]);
  return Buffer.concat([head, addresses]).toString('latin1');
}

function portBytes(port: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(port);
  return bytes;
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  while (groups.length + after.length < 8) groups.push('0');
  return Buffer.concat([...groups, ...after].map((group) => portBytes(Number.parseInt(group, 16))));
}
