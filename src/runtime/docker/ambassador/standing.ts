import type { ContainerInspectInfo } from 'dockerode';
import type { AmbassadorSpec } from '../../../balancer/ambassador/ambassador-host.ts';
import type { NetworkAlias } from '../../../model/service.ts';
import type { Endpoint } from '../container/networking.ts';
import type { Engine } from '../engine/engine.ts';
import { engineWords } from '../engine/engine-error.ts';
import { ambassadorName } from '../names.ts';
import { findNetwork } from '../project/networks.ts';
import { keptAddress } from './address.ts';

/** A place on a network. */
export interface Standing {
  readonly network: string;
  readonly endpoint: Endpoint;
}

/** Where an ambassador will stand, at addresses that it keeps where the network lets it; with its names, or without. */
export function standings(
  engine: Engine,
  spec: AmbassadorSpec,
  hasNames: boolean,
  signal: AbortSignal,
): Promise<readonly Standing[]> {
  const name = ambassadorName(spec.stack, spec.service);
  return Promise.all(
    spec.networks.map(async ({ network, aliases }) => {
      const found = await findNetwork(engine, network, signal);
      const address = found && keptAddress(found, `${spec.stack}/${spec.service}`, name);
      return {
        network,
        endpoint: {
          ...(hasNames ? { Aliases: [...aliases] } : {}),
          ...(address === undefined ? {} : { IPAMConfig: { IPv4Address: address } }),
        },
      };
    }),
  );
}

/** Of a network that somebody else made without a range of its own, the engine chooses every address. */
export function isAddressRefused(thrown: unknown): boolean {
  return /user configured subnet|configured subnet or ip-range/i.test(engineWords(thrown));
}

export function withoutAddress({ network, endpoint: { Aliases: aliases } }: Standing): Standing {
  return { network, endpoint: aliases === undefined ? {} : { Aliases: aliases } };
}

export async function connect(
  engine: Engine,
  container: string,
  { network, endpoint }: Standing,
  signal: AbortSignal,
): Promise<void> {
  await engine.send(`connect the container ${container} to the network ${network}`, {
    method: 'POST',
    path: `/networks/${encodeURIComponent(network)}/connect`,
    body: { Container: container, EndpointConfig: endpoint },
    signal,
  });
}

/** Gives a container its names on a network where it has none: the engine takes them only with a connection. */
export async function nameOn(
  engine: Engine,
  container: string,
  { NetworkSettings: settings }: ContainerInspectInfo,
  { network, aliases }: NetworkAlias,
  signal: AbortSignal,
): Promise<void> {
  const current = settings.Networks[network];
  if (current !== undefined && aliases.every((alias) => current.Aliases?.includes(alias))) return;
  if (current !== undefined) {
    await engine.send(`disconnect the container ${container} from the network ${network}`, {
      method: 'POST',
      path: `/networks/${encodeURIComponent(network)}/disconnect`,
      body: { Container: container, Force: true },
      signal,
    });
  }
  const kept = current?.IPAMConfig?.IPv4Address;
  const endpoint: Endpoint = {
    Aliases: [...aliases],
    ...(kept === undefined ? {} : { IPAMConfig: { IPv4Address: kept } }),
  };
  await connect(engine, container, { network, endpoint }, signal);
}
