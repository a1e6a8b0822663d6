import type { BalancingPolicy } from '../../model/balancing.ts';
import type { DirectPort, Listener, OwnPool, Service } from '../../model/service.ts';
import { parseRange } from '../canonical/parse-port.ts';
import { TenfoldError } from '../../shared/errors.ts';
import type { Project, ServiceConfig } from '../project.ts';
import type { XTenfold } from '../schema/tenfold/x-tenfold.ts';
import { ownPolicy, refuseUnbalanced } from './own-pools.ts';

type ServicePort = NonNullable<ServiceConfig['ports']>[number];
type ResolvedPorts = Pick<Service, 'targets' | 'listeners' | 'directPorts'>;

interface Circumstances {
  readonly kind: Service['kind'];
  readonly isStateful: boolean;
  readonly tenfold: XTenfold;
  readonly balancing: BalancingPolicy;
}

/**
 * Parts the ports of a service into those that the proxy holds and those that the runtime publishes itself. The proxy
 * carries TCP; a local process has no runtime that could publish for it.
 */
export function resolvePorts(
  name: string,
  config: ServiceConfig,
  { kind, isStateful, tenfold, balancing }: Circumstances,
  project: Project,
  warnings: string[],
): ResolvedPorts {
  const ports = config.ports ?? [];
  const targets = targetsOf(config);
  if (kind === 'container' && config.network_mode === 'host') {
    if (ports.length > 0)
      warnings.push(`service ${name} uses the host's network, so its published ports are discarded`);
    return { targets, listeners: [], directPorts: [] };
  }
  const publish = tenfold.publish ?? (isStateful ? 'direct' : 'balanced');
  const isDirect = kind === 'container' && (publish === 'direct' || config.network_mode !== undefined);
  if (kind === 'process' && tenfold.publish === 'direct') {
    warnings.push(
      `service ${name} runs as a local process, so the proxy holds its ports in spite of publish: direct`,
    );
  }
  const listeners = new ListenerKeys(name);
  const directPorts: DirectPort[] = [];
  for (const [index, port] of ports.entries()) {
    const { target = 0, protocol = 'tcp', published = '', host_ip: hostIp = '' } = port;
    const range = published === '' ? undefined : parseRange(published);
    if (target < 1 || target > 65_535 || (published !== '' && range === undefined)) {
      throw invalidPort(name, index, port, project);
    }
    if (protocol === 'tcp' && !isDirect) {
      const listenerProtocol = protocolOf(port, tenfold);
      const place = { service: name, index, target, protocol: listenerProtocol, tenfold };
      const policy = ownPolicy(place, balancing, project);
      const add = listeners.adder(hostIp, target, listenerProtocol, policy);
      if (range === undefined || range.first === 0) add(undefined);
      else for (let number = range.first; number <= range.last; number += 1) add(number);
      continue;
    }
    refuseUnbalanced({ service: name, index, target }, project);
    if (kind === 'process') {
      warnings.push(
        `service ${name} runs as a local process, so its ${protocol} port ${target} is not published`,
      );
    } else if (protocol === 'tcp' || protocol === 'udp') {
      directPorts.push({ hostIp, published, target, protocol });
    } else {
      warnings.push(`service ${name}: port ${target} is ${protocol}, which is not published`);
    }
  }
  return {
    targets: kind === 'process' && targets.length === 0 ? [0] : targets,
    listeners: listeners.all,
    directPorts,
  };
}

function invalidPort(name: string, index: number, port: ServicePort, project: Project): TenfoldError {
  return new TenfoldError('invalid-compose', `service ${name} publishes a port that is none`, {
    where: project.locate('services', name, 'ports', index),
    expected: 'a target from 1 to 65535, and a published port or a range of them',
    got: `${port.published ?? ''}:${port.target ?? ''}`,
  });
}

/** Distinct TCP ports inside the container, published ones first. */
function targetsOf({ ports = [], expose = [] }: ServiceConfig): number[] {
  const targets = new Set<number>();
  for (const { target, protocol = 'tcp' } of ports)
    if (target !== undefined && protocol === 'tcp') targets.add(target);
  for (const entry of expose) {
    const [text = '', protocol = 'tcp'] = entry.split('/');
    const range = protocol === 'tcp' ? parseRange(text) : undefined;
    for (let port = range?.first ?? 1; port <= (range?.last ?? 0); port += 1) targets.add(port);
  }
  return [...targets];
}

const httpProtocols = new Set(['http', 'http/1.1', 'http1', 'http2', 'h2', 'h2c', 'grpc', 'ws', 'websocket']);

/** Compose `app_protocol` decides; what is not HTTP in the clear is passed on as bytes. */
export function protocolOf(
  { app_protocol: protocol }: ServicePort,
  { protocol: otherwise }: XTenfold,
): 'http' | 'tcp' {
  if (protocol === undefined) return otherwise ?? 'http';
  return httpProtocols.has(protocol.toLowerCase()) ? 'http' : 'tcp';
}

/** Listeners with keys that stay the same from one load of the file to the next. */
class ListenerKeys {
  readonly all: Listener[] = [];
  readonly #service: string;
  readonly #uses = new Map<string, number>();

  constructor(service: string) {
    this.#service = service;
  }

  /** Adds a listener for each number that it is called with; all of them share a pool where they have a policy of their own. */
  adder(
    hostIp: string,
    target: number,
    protocol: 'http' | 'tcp',
    policy: BalancingPolicy | undefined,
  ): (port: number | undefined) => void {
    let ownPool: OwnPool | undefined;
    return (port) => {
      const address = hostIp === '' ? '' : `${hostIp.includes(':') ? `[${hostIp}]` : hostIp}:`;
      const place = `${address}${port ?? '*'}`;
      const base = `${this.#service}:${place}->${target}`;
      const uses = (this.#uses.get(base) ?? 0) + 1;
      this.#uses.set(base, uses);
      // The same fixed port twice is one listener; each assigned one is its own.
      if (uses > 1 && port !== undefined) return;
      const again = uses === 1 ? '' : `#${uses}`;
      if (policy !== undefined) ownPool ??= { name: `${place}${again}`.replaceAll(/[^\w.*#]/g, '_'), policy };
      this.all.push({
        key: `${base}${again}`,
        hostIp,
        port,
        target,
        protocol,
        exposure: 'published',
        ...(ownPool !== undefined && { ownPool }),
      });
    };
  }
}
