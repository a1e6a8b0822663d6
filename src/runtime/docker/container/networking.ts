import type { EndpointSettings } from 'dockerode';
import type { ReplicaSpec } from '../../runtime-driver.ts';
import { composeServiceOf } from '../compose-types.ts';
import type { ComposeServiceNetwork } from '../compose-types.ts';
import { containerName, hasAmbassador, networkKeys, networkName } from '../names.ts';

/** First API version that takes every network when a container is created. */
const allNetworksMinor = 44;

export type Endpoint = EndpointSettings & { GwPriority?: number };

export interface Networking {
  readonly networkMode: string;
  /** What is given at creation, by network name. */
  readonly endpoints: Readonly<Record<string, Endpoint>>;
  /** What has to be connected afterwards, before the start. */
  readonly later: readonly { readonly network: string; readonly endpoint: Endpoint }[];
}

/** `networkMode` is what `network_mode` came to, with `service:` resolved; undefined when the file has none. */
export function networking(
  spec: ReplicaSpec,
  networkMode: string | undefined,
  links: readonly string[],
  apiMinor: number,
): Networking {
  if (networkMode !== undefined) return { networkMode, endpoints: {}, later: [] };
  const { networks } = composeServiceOf(spec.service);
  const priority = (key: string): number => networks?.[key]?.priority ?? 0;
  const keys = networkKeys(spec.service).toSorted((a, b) => priority(b) - priority(a) || (a < b ? -1 : 1));
  const entries = keys.map((key, position) => ({
    network: networkName(spec.stack, key),
    endpoint: endpointOf(spec, networks?.[key] ?? {}, links, position === 0),
  }));
  const given = apiMinor >= allNetworksMinor ? entries : entries.slice(0, 1);
  return {
    networkMode: entries[0]?.network ?? 'none',
    endpoints: Object.fromEntries(given.map(({ network, endpoint }) => [network, endpoint])),
    later: entries.slice(given.length),
  };
}

function endpointOf(
  { stack, service, index }: ReplicaSpec,
  network: ComposeServiceNetwork,
  links: readonly string[],
  isPrimary: boolean,
): Endpoint {
  const macAddress = network.mac_address ?? (isPrimary ? composeServiceOf(service).mac_address : undefined);
  const hasAddress = network.ipv4_address ?? network.ipv6_address ?? network.link_local_ips;
  return {
    Aliases: [
      containerName(stack, service, index),
      `tasks.${service.name}`,
      // Names that are the ambassador's, where there is one.
      ...(hasAmbassador(service) ? [] : [service.name, ...(network.aliases ?? [])]),
    ],
    ...(links.length > 0 ? { Links: [...links] } : {}),
    ...(hasAddress
      ? {
          IPAMConfig: {
            IPv4Address: network.ipv4_address,
            IPv6Address: network.ipv6_address,
            ...(network.link_local_ips ? { LinkLocalIPs: [...network.link_local_ips] } : {}),
          },
        }
      : {}),
    ...(macAddress ? { MacAddress: macAddress } : {}),
    ...(network.gw_priority === undefined ? {} : { GwPriority: network.gw_priority }),
    ...driverOptions(network),
  };
}

function driverOptions(network: ComposeServiceNetwork): Pick<Endpoint, 'DriverOpts'> {
  const options = {
    ...(network.interface_name ? { 'com.docker.network.endpoint.ifname': network.interface_name } : {}),
    ...network.driver_opts,
  };
  return Object.keys(options).length > 0 ? { DriverOpts: options } : {};
}
