import type { ContainerInspectInfo, NetworkInfo } from 'dockerode';
import type { Endpoint } from '../../../model/endpoint.ts';
import { label } from '../labels.ts';

/** Drivers whose networks the host itself is on. */
const hostReaches = new Set(['bridge', 'nat', 'l2bridge']);

/**
 * Where a running container answers, seen from this host: each TCP port that it or its image declares.
 *
 * `driverOf` tells a network's driver by its id; `ownerOf` finds the container whose network another one shares.
 */
export function endpointsOf(
  details: ContainerInspectInfo,
  driverOf: (networkId: string) => string | undefined,
  ownerOf: (container: string) => ContainerInspectInfo | undefined,
): readonly Endpoint[] {
  if (!details.State.Running || details.State.Restarting) return [];
  const host = hostOf(details, driverOf, ownerOf);
  if (host === undefined) return [];
  const declared = Object.keys(details.Config.ExposedPorts ?? {});
  const labelled = (details.Config.Labels[label.targets] ?? '').split(',');
  return [...declared, ...labelled]
    .map((name) => name.split('/'))
    .filter(([, protocol]) => protocol === 'tcp')
    .map(([port]) => ({ target: Number(port), host, port: Number(port) }))
    .sort((a, b) => a.target - b.target);
}

function hostOf(
  details: ContainerInspectInfo,
  driverOf: (networkId: string) => string | undefined,
  ownerOf: (container: string) => ContainerInspectInfo | undefined,
): string | undefined {
  const mode = details.HostConfig.NetworkMode ?? '';
  if (mode === 'host') return '127.0.0.1';
  if (mode.startsWith('container:')) {
    const owner = ownerOf(mode.slice('container:'.length));
    return owner === undefined ? undefined : hostOf(owner, driverOf, () => undefined);
  }
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
