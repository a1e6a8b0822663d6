import type { ReplicaSpec } from '../../runtime-driver.ts';
import { composeServiceOf } from '../compose-types.ts';
import type { ComposeService } from '../compose-types.ts';
import { devices } from './devices.ts';
import type { EngineHostConfig } from './engine-body.ts';
import { mounts } from './mounts.ts';
import { portBindings } from './ports.ts';
import { resources } from './resources.ts';
import { restartPolicy } from './restart.ts';
import { security } from './security.ts';
import type { Surroundings } from './surroundings.ts';
import { wholeNumber } from './units.ts';

/** First API version that takes annotations. */
const annotationsMinor = 43;

/** What of a container belongs to the host it runs on (Engine API `HostConfig`). */
export function hostConfig(
  { stack, service }: ReplicaSpec,
  networkMode: string,
  surroundings: Surroundings,
): EngineHostConfig {
  const config = composeServiceOf(service);
  const { links, ipcMode, pidMode, volumesFrom, apiMinor, reach } = surroundings;
  return {
    NetworkMode: networkMode,
    PortBindings: portBindings(service, reach),
    RestartPolicy: restartPolicy(config),
    ...mounts(stack, service),
    ...resources(config),
    ...devices(config),
    ...security(config, stack.workingDir),
    ...nameResolution(config),
    ...privileges(config),
    ...(links.length > 0 ? { Links: [...links] } : {}),
    ...(volumesFrom.length > 0 ? { VolumesFrom: [...volumesFrom] } : {}),
    IpcMode: ipcMode,
    PidMode: pidMode,
    ...(config.cgroup ? { CgroupnsMode: config.cgroup } : {}),
    UTSMode: config.uts,
    Isolation: config.isolation,
    Runtime: config.runtime,
    Init: config.init,
    ReadonlyRootfs: config.read_only,
    ShmSize: wholeNumber(config.shm_size),
    ...(config.sysctls ? { Sysctls: asTexts(config.sysctls) } : {}),
    ...(config.storage_opt ? { StorageOpt: { ...config.storage_opt } } : {}),
    ...(config.annotations && apiMinor >= annotationsMinor ? { Annotations: { ...config.annotations } } : {}),
    ...(config.logging
      ? { LogConfig: { Type: config.logging.driver ?? '', Config: { ...config.logging.options } } }
      : {}),
  };
}

function privileges(config: ComposeService): EngineHostConfig {
  return {
    Privileged: config.privileged,
    UsernsMode: config.userns_mode,
    ...(config.cap_add ? { CapAdd: [...config.cap_add] } : {}),
    ...(config.cap_drop ? { CapDrop: [...config.cap_drop] } : {}),
    ...(config.group_add ? { GroupAdd: config.group_add.map(String) } : {}),
  };
}

function nameResolution(config: ComposeService): EngineHostConfig {
  return {
    ...(config.dns ? { Dns: [...config.dns] } : {}),
    ...(config.dns_opt ? { DnsOptions: [...config.dns_opt] } : {}),
    ...(config.dns_search ? { DnsSearch: [...config.dns_search] } : {}),
    ExtraHosts: extraHosts(config.extra_hosts),
  };
}

/** The engine writes `name:address`; Compose's canonical form is a map of lists, or a list of `name=address`. */
export function extraHosts(
  hosts: Readonly<Record<string, readonly string[]>> | readonly string[] | null | undefined,
): string[] {
  return Object.entries(hosts ?? {}).flatMap(([name, addresses]) =>
    typeof addresses === 'string'
      ? [addresses.replace('=', ':')]
      : addresses.map((address: string) => `${name}:${address}`),
  );
}

function asTexts(values: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
}
