import type { DeviceRequest } from 'dockerode';
import type { ComposeDeviceRequest, ComposeService } from '../compose-types.ts';
import type { EngineHostConfig } from './engine-body.ts';

/** `vendor.com/class=name`: a device described to the engine by a CDI file. */
const cdiName = /^[a-z][\w.-]*\/[a-z][\w-]*=[\w.:-]+$/i;

export function devices(config: ComposeService): EngineHostConfig {
  const listed = config.devices ?? [];
  const described = listed
    .filter(({ source, target }) => (target ?? source) === source && cdiName.test(source))
    .map(({ source }) => source);
  const mapped = listed.filter(({ source }) => !described.includes(source));
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
            PathInContainer: target ?? source,
            CgroupPermissions: permissions ?? 'rwm',
          })),
        }
      : {}),
    ...(requests.length > 0 ? { DeviceRequests: requests } : {}),
    ...(config.device_cgroup_rules ? { DeviceCgroupRules: [...config.device_cgroup_rules] } : {}),
  };
}

function request(device: ComposeDeviceRequest, capabilities: readonly string[]): DeviceRequest {
  const count = device.count === 'all' ? -1 : device.count;
  return {
    ...(device.driver ? { Driver: device.driver } : {}),
    ...(count === undefined ? {} : { Count: Number(count) }),
    ...(device.device_ids ? { DeviceIDs: [...device.device_ids] } : {}),
    Capabilities: [[...new Set(capabilities)]],
    ...(device.options ? { Options: { ...device.options } } : {}),
  };
}
