import { isIP } from 'node:net';
import type { TreeMap } from '../tree.ts';

interface PortRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Parses `[[IP:]HOST:]CONTAINER[/PROTOCOL]` (compose-spec, services.ports, short syntax), where HOST and CONTAINER may be
 * ranges, into one port of the long syntax for each container port.
 */
export function parsePort(spec: string): readonly TreeMap[] | { readonly problem: string } {
  const parts = spec.split(':');
  const containerSpec = parts.at(-1) ?? '';
  const hostSpec = parts.at(-2) ?? '';
  let hostIp = parts.slice(0, -2).join(':');
  const { protocol, ports } = splitProtocol(containerSpec);
  if (hostIp.startsWith('[') && hostIp.endsWith(']')) hostIp = hostIp.slice(1, -1);
  if (hostIp !== '' && !isAddress(hostIp)) return { problem: `invalid IP address: ${hostIp}` };
  if (ports === '') return { problem: `no port specified: ${spec}<empty>` };
  const container = parseRange(ports);
  if (container === undefined) return { problem: `invalid containerPort: ${ports}` };
  const host = hostSpec === '' ? undefined : parseRange(hostSpec);
  if (hostSpec !== '' && host === undefined) return { problem: `invalid hostPort: ${hostSpec}` };
  const isSingle = container.first === container.last;
  if (host !== undefined && !isSingle && container.last - container.first !== host.last - host.first) {
    return { problem: `invalid ranges specified for container and host Ports: ${ports} and ${hostSpec}` };
  }
  if (!['tcp', 'udp', 'sctp'].includes(protocol.toLowerCase()))
    return { problem: `invalid proto: ${protocol}` };
  const long: { readonly target: string; readonly port: TreeMap }[] = [];
  for (let target = container.first; target <= container.last; target += 1) {
    const port: TreeMap = { mode: 'ingress', target, protocol: protocol.toLowerCase() };
    if (hostIp !== '') port['host_ip'] = hostIp;
    if (host !== undefined) {
      const first = host.first + target - container.first;
      // One container port with a range of host ports: the runtime picks a free one of the range.
      port['published'] = isSingle && host.first !== host.last ? `${first}-${host.last}` : String(first);
    }
    long.push({ target: String(target), port });
  }
  // The order of docker compose, which sorts container ports as text.
  return long.sort((one, other) => (one.target < other.target ? -1 : 1)).map(({ port }) => port);
}

function splitProtocol(spec: string): { readonly protocol: string; readonly ports: string } {
  const [ports = '', protocol = ''] = spec.split('/');
  if (ports === '') return { protocol: '', ports: '' };
  return { protocol: protocol === '' ? 'tcp' : protocol, ports };
}

/** An IP address, where a zone such as `%eth0` is none. */
export function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}

/** `80` or `80-90`; ports are 0 to 65535. */
export function parseRange(text: string): PortRange | undefined {
  const [firstText, lastText, ...more] = text.split('-');
  const first = parsePortNumber(firstText);
  const last = lastText === undefined ? first : parsePortNumber(lastText);
  if (first === undefined || last === undefined || last < first || more.length > 0) return undefined;
  return { first, last };
}

function parsePortNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]+$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65_535 ? port : undefined;
}
