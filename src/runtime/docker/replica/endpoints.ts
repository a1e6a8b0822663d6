import type { ContainerInspectInfo, NetworkInfo } from 'dockerode';
import type { Endpoint } from '../../../model/endpoint.ts';
import type { Reach } from '../engine/reach.ts';
import { label } from '../labels.ts';

/** Drivers whose networks the host itself is on. */
const hostReaches = new Set(['bridge', 'nat', 'l2bridge']);

export interface Surroundings {
  readonly reach: Reach;
  /** A network's driver, by its id. */
  readonly driverOf: (networkId: string) => string | undefined;
  /** The container whose network another one shares. */
  readonly ownerOf: (container: string) => ContainerInspectInfo | undefined;
}

/** Where a running container answers, seen from this host: each TCP port that it or its image declares. */
export function endpointsOf(details: ContainerInspectInfo, surroundings: Surroundings): readonly Endpoint[] {
  if (!details.State.Running || details.State.Restarting) return [];
  const declared = Object.keys(details.Config.ExposedPorts ?? {});
  const labelled = (details.Config.Labels[label.targets] ?? '').split(',');
  const targets = [...declared, ...labelled]
    .map((name) => name.split('/'))
    .filter(([, protocol]) => protocol === 'tcp')
    .map(([port]) => Number(port))
    .sort((a, b) => a - b);
  const holder = networkHolder(details, surroundings);
  const host = holder === undefined ? undefined : hostOf(holder, surroundings);
  if (host !== undefined) return targets.map((target) => ({ target, host, port: target }));
  return targets.flatMap((target) => publishedEndpoint(holder ?? details, target, surroundings.reach));
}

/** The container itself, or the one whose network it shares; undefined when that one is gone. */
function networkHolder(
  details: ContainerInspectInfo,
  { ownerOf }: Surroundings,
): ContainerInspectInfo | undefined {
  const [, owner] = /^container:(.+)$/.exec(details.HostConfig.NetworkMode ?? '') ?? [];
  return owner === undefined ? details : ownerOf(owner);
}

/** Where a target is when its container cannot be reached: at a port that the engine publishes for it. */
function publishedEndpoint(
  { NetworkSettings }: ContainerInspectInfo,
  target: number,
  reach: Reach,
): readonly Endpoint[] {
  const binding = NetworkSettings.Ports?.[`${target}/tcp`]?.[0];
  if (binding === undefined) return [];
  const isEverywhere = binding.HostIp === '' || binding.HostIp === '0.0.0.0' || binding.HostIp === '::';
  const here = reach.kind === 'published' ? reach.host : '127.0.0.1';
  return [{ target, host: isEverywhere ? here : binding.HostIp, port: Number(binding.HostPort) }];
}

/** Address at which this host reaches all ports of a container; undefined when it reaches none so. */
function hostOf(details: ContainerInspectInfo, { reach, driverOf }: Surroundings): string | undefined {
  const mode = details.HostConfig.NetworkMode ?? '';
  if (mode === 'host') return reach.kind === 'published' ? reach.host : '127.0.0.1';
  if (reach.kind === 'published') return undefined;
  const networks = Object.entries(details.NetworkSettings.Networks ?? {});
  const reachable = networks
    .filter(([, network]) => hostReaches.has(driverOf(network.NetworkID) ?? ''))
    // The network it was created on comes first, so that an extra one does not move its endpoints.
    .sort(([a], [b]) => Number(b === mode) - Number(a === mode) || (a < b ? -1 : 1));
  for (const [, network] of reachable) {
    const address = addressOf(network);
    if (address !== undefined) return address;
  }
  return undefined;
}

function addressOf({ IPAddress, GlobalIPv6Address }: NetworkInfo): string | undefined {
  return IPAddress || GlobalIPv6Address || undefined;
}
