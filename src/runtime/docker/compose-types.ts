import type { Service } from '../../model/service.ts';
import type { Stack } from '../../model/stack.ts';

/*
 * The part of a resolved Compose service that becomes a container, in canonical form: durations as `1m30s`, byte sizes
 * as decimal strings or numbers, what is not set is absent or null.
 */

export type Bytes = string | number;
export type Duration = string;
type Texts = readonly string[] | null;
type TextMap = Readonly<Record<string, string>> | null;

export interface ComposePort {
  readonly target: number;
  readonly protocol?: string;
}

export interface ComposeMount {
  readonly type: string;
  readonly source?: string;
  readonly target: string;
  readonly read_only?: boolean;
  readonly consistency?: string;
  readonly bind?: {
    readonly create_host_path?: boolean;
    readonly propagation?: string;
    readonly recursive?: string;
    readonly selinux?: string;
  } | null;
  readonly volume?: {
    readonly nocopy?: boolean;
    readonly subpath?: string;
    readonly labels?: TextMap;
  } | null;
  readonly tmpfs?: { readonly size?: Bytes; readonly mode?: number | string } | null;
  readonly image?: { readonly subpath?: string } | null;
}

export interface ComposeServiceNetwork {
  readonly aliases?: Texts;
  readonly ipv4_address?: string;
  readonly ipv6_address?: string;
  readonly link_local_ips?: Texts;
  readonly mac_address?: string;
  readonly driver_opts?: TextMap;
  readonly interface_name?: string;
  readonly priority?: number;
  readonly gw_priority?: number;
}

export interface ComposeFileReference {
  readonly source: string;
  readonly target?: string;
  readonly uid?: string;
  readonly gid?: string;
  readonly mode?: string | number;
}

export interface ComposeDeviceRequest {
  readonly capabilities?: Texts;
  readonly count?: number | string;
  readonly device_ids?: Texts;
  readonly driver?: string;
  readonly options?: TextMap;
}

export interface ComposeThrottle {
  readonly Path: string;
  readonly Rate: Bytes;
}

export interface ComposeBlkio {
  readonly weight?: number;
  readonly weight_device?: readonly { readonly Path: string; readonly Weight: number }[] | null;
  readonly device_read_bps?: readonly ComposeThrottle[] | null;
  readonly device_read_iops?: readonly ComposeThrottle[] | null;
  readonly device_write_bps?: readonly ComposeThrottle[] | null;
  readonly device_write_iops?: readonly ComposeThrottle[] | null;
}

interface ComposeResource {
  readonly cpus?: number | string;
  readonly memory?: Bytes;
  readonly pids?: number;
  readonly devices?: readonly ComposeDeviceRequest[] | null;
}

export interface ComposeHealthCheck {
  readonly test?: Texts;
  readonly interval?: Duration;
  readonly timeout?: Duration;
  readonly start_period?: Duration;
  readonly start_interval?: Duration;
  readonly retries?: number;
  readonly disable?: boolean;
}

export interface ComposeBuild {
  readonly context?: string;
  readonly dockerfile?: string;
  readonly dockerfile_inline?: string;
  readonly args?: Readonly<Record<string, string | null>> | null;
  readonly labels?: TextMap;
  readonly tags?: Texts;
  readonly target?: string;
  readonly cache_from?: Texts;
  readonly extra_hosts?: Readonly<Record<string, readonly string[]>> | Texts;
  readonly network?: string;
  readonly no_cache?: boolean;
  readonly platforms?: Texts;
  readonly pull?: boolean;
  readonly shm_size?: Bytes;
  readonly isolation?: string;
  readonly ulimits?: ComposeUlimits | null;
  readonly additional_contexts?: TextMap;
  readonly secrets?: readonly ComposeFileReference[] | null;
  readonly ssh?: readonly unknown[] | null;
}

export type ComposeUlimits = Readonly<
  Record<string, number | { readonly soft?: number; readonly hard?: number }>
>;

export interface ComposeService {
  readonly image?: string;
  readonly build?: ComposeBuild | null;
  readonly pull_policy?: string;
  readonly platform?: string;
  readonly command?: Texts;
  readonly entrypoint?: Texts;
  readonly environment?: Readonly<Record<string, string | null>> | null;
  readonly labels?: TextMap;
  readonly annotations?: TextMap;
  readonly ports?: readonly ComposePort[] | null;
  readonly expose?: Texts;
  readonly volumes?: readonly ComposeMount[] | null;
  readonly volumes_from?: Texts;
  readonly volume_driver?: string;
  readonly tmpfs?: Texts;
  readonly networks?: Readonly<Record<string, ComposeServiceNetwork | null>> | null;
  readonly network_mode?: string;
  readonly links?: Texts;
  readonly external_links?: Texts;
  readonly mac_address?: string;
  readonly secrets?: readonly ComposeFileReference[] | null;
  readonly configs?: readonly ComposeFileReference[] | null;
  readonly healthcheck?: ComposeHealthCheck | null;
  readonly restart?: string;
  readonly deploy?: {
    readonly resources?: {
      readonly limits?: ComposeResource | null;
      readonly reservations?: ComposeResource | null;
    } | null;
    readonly restart_policy?: { readonly condition?: string; readonly max_attempts?: number } | null;
  } | null;
  readonly stop_signal?: string;
  readonly stop_grace_period?: Duration;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly user?: string;
  readonly working_dir?: string;
  readonly tty?: boolean;
  readonly stdin_open?: boolean;
  readonly init?: boolean;
  readonly read_only?: boolean;
  readonly privileged?: boolean;
  readonly cap_add?: Texts;
  readonly cap_drop?: Texts;
  readonly security_opt?: Texts;
  readonly group_add?: readonly (string | number)[] | null;
  readonly userns_mode?: string;
  readonly uts?: string;
  readonly pid?: string;
  readonly ipc?: string;
  readonly cgroup?: string;
  readonly cgroup_parent?: string;
  readonly isolation?: string;
  readonly runtime?: string;
  readonly sysctls?: Readonly<Record<string, string | number>> | null;
  readonly shm_size?: Bytes;
  readonly storage_opt?: TextMap;
  readonly dns?: Texts;
  readonly dns_opt?: Texts;
  readonly dns_search?: Texts;
  readonly extra_hosts?: Readonly<Record<string, readonly string[]>> | Texts;
  readonly logging?: { readonly driver?: string; readonly options?: TextMap } | null;
  readonly ulimits?: ComposeUlimits | null;
  readonly devices?:
    readonly { readonly source: string; readonly target?: string; readonly permissions?: string }[] | null;
  readonly device_cgroup_rules?: Texts;
  readonly gpus?: readonly ComposeDeviceRequest[] | null;
  readonly blkio_config?: ComposeBlkio | null;
  readonly cpus?: number | string;
  readonly cpuset?: string;
  readonly cpu_count?: number;
  readonly cpu_percent?: number;
  readonly cpu_period?: Bytes;
  readonly cpu_quota?: Bytes;
  readonly cpu_rt_period?: Bytes;
  readonly cpu_rt_runtime?: Bytes;
  readonly cpu_shares?: Bytes;
  readonly mem_limit?: Bytes;
  readonly mem_reservation?: Bytes;
  readonly mem_swappiness?: Bytes;
  readonly memswap_limit?: Bytes;
  readonly oom_kill_disable?: boolean;
  readonly oom_score_adj?: number;
  readonly pids_limit?: number;
}

export interface ComposeNetwork {
  readonly name?: string;
  readonly driver?: string;
  readonly driver_opts?: TextMap;
  readonly ipam?: {
    readonly driver?: string;
    readonly options?: TextMap;
    readonly config?:
      | readonly {
          readonly subnet?: string;
          readonly gateway?: string;
          readonly ip_range?: string;
          readonly aux_addresses?: TextMap;
        }[]
      | null;
  } | null;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly enable_ipv4?: boolean;
  readonly enable_ipv6?: boolean;
  readonly external?: boolean;
  readonly labels?: TextMap;
}

export interface ComposeVolume {
  readonly name?: string;
  readonly driver?: string;
  readonly driver_opts?: TextMap;
  readonly external?: boolean;
  readonly labels?: TextMap;
}

/** A secret or a config. */
export interface ComposeFileObject {
  readonly name?: string;
  readonly file?: string;
  readonly environment?: string;
  readonly content?: string;
  readonly external?: boolean;
  readonly driver?: string;
  readonly template_driver?: string;
}

/* The loader has validated and resolved all of these; from here on they have types. */

export function composeServiceOf(service: Service): ComposeService {
  return service.config;
}

export function composeNetworkOf(stack: Stack, key: string): ComposeNetwork {
  return stack.networks[key] ?? {};
}

export function composeVolumeOf(stack: Stack, key: string): ComposeVolume {
  return stack.volumes[key] ?? {};
}

export function composeFileOf(kind: 'secret' | 'config', stack: Stack, key: string): ComposeFileObject {
  return (kind === 'secret' ? stack.secrets[key] : stack.configs[key]) ?? {};
}
