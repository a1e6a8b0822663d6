import type { Service } from '../../model/service.ts';
import type { Stack } from '../../model/stack.ts';
import { composeNetworkOf, composeServiceOf, composeVolumeOf } from './compose-types.ts';

/** Names as docker compose gives them. */

export function containerName(stack: Stack, service: Service, index: number): string {
  return service.containerName ?? `${stack.name}-${service.name}-${index}`;
}

export function networkName(stack: Stack, key: string): string {
  return composeNetworkOf(stack, key).name ?? `${stack.name}_${key}`;
}

export function volumeName(stack: Stack, key: string): string {
  return composeVolumeOf(stack, key).name ?? `${stack.name}_${key}`;
}

/** Between containers, a container of its own answers to the service's name. */
export function hasAmbassador({ listeners }: Service): boolean {
  return listeners.some(({ exposure }) => exposure === 'network');
}

export function ambassadorName(stackName: string, service: string): string {
  return `${stackName}-${service}-ambassador`;
}

/** The image that the file names, or the name under which its `build` is kept. */
export function imageName(stack: Stack, service: Service): string {
  return composeServiceOf(service).image ?? `${stack.name}-${service.name}`;
}

/** Keys of the networks that a service joins; `default` when it says nothing. */
export function networkKeys(service: Service): readonly string[] {
  const { networks, network_mode: networkMode } = composeServiceOf(service);
  if (networkMode) return [];
  const keys = Object.keys(networks ?? {});
  return keys.length === 0 ? ['default'] : keys;
}

/** Keys of the named volumes that a service mounts. */
export function volumeKeys(stack: Stack, service: Service): readonly string[] {
  const sources = (composeServiceOf(service).volumes ?? [])
    .filter((mount) => mount.type === 'volume')
    .map((mount) => mount.source ?? '');
  return [...new Set(sources)].filter((source) => Object.hasOwn(stack.volumes, source));
}
