import type { NetworkInspectInfo } from 'dockerode';
import type { Stack } from '../../../model/stack.ts';
import type { Progress } from '../../runtime-driver.ts';
import { TenfoldError } from '../../../shared/errors.ts';
import { composeNetworkOf } from '../compose-types.ts';
import type { Engine } from '../engine/engine.ts';
import { engineStatus, engineWords, isNotFound } from '../engine/engine-error.ts';
import { elementLabels } from '../labels.ts';
import { networkName } from '../names.ts';
import { createNetwork, keepsAddresses, type NetworkBody } from './create-network.ts';
import { missingExternal, tellOwner, type Element } from './existing-element.ts';
import { elementHash } from './element-hash.ts';

/** The network of exactly that name (the engine also answers to the beginning of an id), or undefined. */
export async function findNetwork(
  engine: Engine,
  name: string,
  signal: AbortSignal,
): Promise<NetworkInspectInfo | undefined> {
  try {
    const doing = `inspect the network ${name}`;
    const path = `/networks/${encodeURIComponent(name)}`;
    const network = await engine.json<NetworkInspectInfo>(doing, { method: 'GET', path, signal });
    return network.Name === name || network.Id === name ? network : undefined;
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined;
    throw thrown;
  }
}

/** Makes a network of the stack be there. One that is there already is used as it is, whoever made it. */
export async function prepareNetwork(
  engine: Engine,
  stack: Stack,
  key: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const network = composeNetworkOf(stack, key);
  const name = networkName(stack, key);
  const existing = await findNetwork(engine, name, signal);
  const element: Element = { kind: 'network', key, name, isExternal: Boolean(network.external) };
  if (existing !== undefined) {
    tellOwner(element, existing.Labels, stack, progress);
    return;
  }
  if (isEngineOwn(name)) return;
  if (element.isExternal) throw missingExternal(element, stack);
  progress(`creating network ${name}`);
  try {
    await createNetwork(engine, networkBody(stack, key), keepsAddresses(stack, key), signal);
  } catch (thrown) {
    // Somebody else made it between the question and the answer.
    if (engineStatus(thrown) === 409) return;
    if (!/non-overlapping IPv4 address pool/.test(engineWords(thrown))) throw thrown;
    throw new TenfoldError('runtime-failed', `the engine has no addresses left for the network ${name}`, {
      got: engineWords(thrown),
      hint: 'docker network prune removes networks that nobody uses; default-address-pools in daemon.json gives it more',
      cause: thrown,
    });
  }
}

export function isEngineOwn(name: string): boolean {
  return name === 'bridge' || name === 'host' || name === 'none';
}

/** The request that creates a network of the stack. */
export function networkBody(stack: Stack, key: string): NetworkBody {
  const network = composeNetworkOf(stack, key);
  const { ipam } = network;
  const hasIpam =
    ipam && (ipam.driver || (ipam.config ?? []).length > 0 || Object.keys(ipam.options ?? {}).length > 0);
  return {
    Name: networkName(stack, key),
    CheckDuplicate: true,
    Driver: network.driver ?? '',
    Internal: network.internal ?? false,
    Attachable: network.attachable ?? false,
    ...(network.enable_ipv6 === undefined ? {} : { EnableIPv6: network.enable_ipv6 }),
    ...(network.enable_ipv4 === undefined ? {} : { EnableIPv4: network.enable_ipv4 }),
    ...(network.driver_opts ? { Options: network.driver_opts } : {}),
    ...(hasIpam
      ? {
          IPAM: {
            // The engine calls its own address management so; docker compose's files call it nothing.
            Driver: ipam.driver ?? 'default',
            Options: ipam.options ?? {},
            Config: (ipam.config ?? []).map((pool) => ({
              ...(pool.subnet ? { Subnet: pool.subnet } : {}),
              ...(pool.gateway ? { Gateway: pool.gateway } : {}),
              ...(pool.ip_range ? { IPRange: pool.ip_range } : {}),
              ...(pool.aux_addresses ? { AuxiliaryAddresses: pool.aux_addresses } : {}),
            })),
          },
        }
      : {}),
    Labels: {
      ...network.labels,
      ...elementLabels('network', stack, key, elementHash('network', stack, key)),
    },
  };
}
