import type { DeviceRequest } from 'dockerode';
import type { ComposeGpu, ComposeService } from '../compose-types.ts';
import type { EngineHostConfig } from './engine-body.ts';

/** `vendor.com/class=name`: a device described to the engine by a CDI file. */
const cdiName = /^[a-z][\w.-]*\/[a-z][\w-]*=[\w.:-]+$/i;

export function devices(config: ComposeService): EngineHostConfig {
  const listed = (config.devices ?? []).map(({ source = '', target = source, permissions = 'rwm' }) => ({
    source,
    target,
    permissions,
  }));
  const isDescribed = (device: { source: string; target: string }): boolean =>
    device.source === device.target && cdiName.test(device.source);
  const described = listed.filter(isDescribed).map(({ source }) => source);
  const mapped = listed.filter((device) => !isDescribed(device));
  const requests: DeviceRequest[] = [
    ...(config.deploy?.resources?.reservations?.devices ?? []).map((device) =>
      request(device, device.capabilities ?? []),
    ),
    ...(described.length > 0 ? [{ Driver: 'cdi', DeviceIDs: described }] : []),
    ...(config.gpus ?? []).map((gpu) => request(gpu, [...(gpu.capabilities ?? []), 'gpu'])),
  ];
  return {
    ...(mapped.length > 0
      ? {
          Devices: mapped.map(({ source, target, permissions }) => ({
            PathOnHost: source,
            PathInContainer: target,
            CgroupPermissions: permissions,
          })),
        }
      : {}),
    ...(requests.length > 0 ? { DeviceRequests: requests } : {}),
    ...(config.device_cgroup_rules ? { DeviceCgroupRules: [...config.device_cgroup_rules] } : {}),
  };
}

function request(device: ComposeGpu, capabilities: readonly string[]): DeviceRequest {
  return {
    ...(device.driver ? { Driver: device.driver } : {}),
    ...(device.count === undefined ? {} : { Count: device.count }),
    ...(device.device_ids ? { DeviceIDs: [...device.device_ids] } : {}),
    Capabilities: [[...new Set(capabilities)]],
    ...(device.options ? { Options: { ...device.options } } : {}),
  };
}
