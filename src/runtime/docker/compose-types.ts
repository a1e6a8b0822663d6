import type {
  ConfigConfig,
  NetworkConfig,
  SecretConfig,
  ServiceConfig,
  VolumeConfig,
} from '../../compose/project.ts';
import type { Service } from '../../model/service.ts';
import type { Stack } from '../../model/stack.ts';

/*
 * The Compose elements that become containers, networks and volumes, in canonical form: durations as `1m30s`, byte sizes
 * as decimal strings, what is not set is absent or null. The loader has validated and resolved them; here they get
 * their types back.
 */

type Item<List extends readonly unknown[] | null | undefined> = NonNullable<List>[number];

/** In `blkio_config`, docker compose's JSON writes the names with capitals. */
export type ComposeService = Omit<ServiceConfig, 'blkio_config'> & {
  readonly blkio_config?: ComposeBlkio | null;
};
export type ComposeBuild = NonNullable<ComposeService['build']>;
export type ComposeHealthCheck = NonNullable<ComposeService['healthcheck']>;
export type ComposeMount = Item<ComposeService['volumes']>;
export type ComposeServiceNetwork = NonNullable<NonNullable<ComposeService['networks']>[string]>;
export type ComposeFileReference = Item<ComposeService['secrets']>;
export type ComposeUlimits = NonNullable<ComposeService['ulimits']>;
export type ComposeGpu = Item<ComposeService['gpus']>;

export interface ComposeThrottle {
  readonly Path: string;
  readonly Rate: string | number;
}

export interface ComposeBlkio {
  readonly weight?: number;
  readonly weight_device?: readonly { readonly Path: string; readonly Weight: number }[] | null;
  readonly device_read_bps?: readonly ComposeThrottle[] | null;
  readonly device_read_iops?: readonly ComposeThrottle[] | null;
  readonly device_write_bps?: readonly ComposeThrottle[] | null;
  readonly device_write_iops?: readonly ComposeThrottle[] | null;
}

export function composeServiceOf(service: Service): ComposeService {
  return service.config;
}

export function composeNetworkOf(stack: Stack, key: string): NetworkConfig {
  return stack.networks[key] ?? {};
}

export function composeVolumeOf(stack: Stack, key: string): VolumeConfig {
  return stack.volumes[key] ?? {};
}

export function composeFileOf(
  kind: 'secret' | 'config',
  stack: Stack,
  key: string,
): SecretConfig & ConfigConfig {
  return (kind === 'secret' ? stack.secrets[key] : stack.configs[key]) ?? {};
}
