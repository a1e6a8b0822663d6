import type { ReplicaSpec } from '../../runtime-driver.ts';
import { composeServiceOf } from '../compose-types.ts';
import type { ComposeService } from '../compose-types.ts';
import { containerLabels, label } from '../labels.ts';
import { imageName } from '../names.ts';
import type { ContainerBody } from './engine-body.ts';
import { healthCheck } from './health-check.ts';
import { hostConfig } from './host-config.ts';
import { networking } from './networking.ts';
import type { Networking } from './networking.ts';
import { exposedPorts } from './ports.ts';
import type { Surroundings } from './surroundings.ts';
import { nanoseconds } from './units.ts';

/** First API version with a MAC address for each endpoint. */
const endpointAddressMinor = 44;

export interface ContainerSpec {
  readonly body: ContainerBody;
  readonly laterNetworks: Networking['later'];
}

/** The request that creates a replica's container, field by field what docker compose would send. */
export function containerSpec(spec: ReplicaSpec, surroundings: Surroundings): ContainerSpec {
  const { stack, service } = spec;
  const { apiMinor, imageId, links, networkMode } = surroundings;
  const config = composeServiceOf(service);
  const networks = networking(spec, networkMode, links, apiMinor);
  const macAddress = config.mac_address ?? networks.endpoints[networks.networkMode]?.MacAddress;
  const body: ContainerBody = {
    Image: imageName(stack, service),
    ...(config.command ? { Cmd: [...config.command] } : {}),
    ...(config.entrypoint ? { Entrypoint: [...config.entrypoint] } : {}),
    Env: environment(config, spec.environment),
    ...portsAndLabels(spec, imageId, networks.networkMode),
    Healthcheck: healthCheck(config.healthcheck, apiMinor),
    Hostname: config.hostname,
    Domainname: config.domainname,
    User: config.user,
    WorkingDir: config.working_dir,
    Tty: config.tty ?? false,
    OpenStdin: config.stdin_open ?? false,
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    StopSignal: config.stop_signal,
    StopTimeout:
      config.stop_grace_period === undefined
        ? undefined
        : Math.floor(nanoseconds(config.stop_grace_period) / 1e9),
    // Engines before API 1.44 know a container's address only, not an endpoint's.
    ...(macAddress && apiMinor < endpointAddressMinor ? { MacAddress: macAddress } : {}),
    HostConfig: hostConfig(spec, networks.networkMode, surroundings),
    NetworkingConfig: { EndpointsConfig: { ...networks.endpoints } },
  };
  return { body, laterNetworks: networks.later };
}

/** The engine refuses ports of a container in another one's network; they stand in a label then. */
function portsAndLabels(
  spec: ReplicaSpec,
  imageId: string,
  networkMode: string,
): Pick<ContainerBody, 'Labels' | 'ExposedPorts'> {
  const labels = containerLabels(spec, imageId);
  const ports = exposedPorts(spec.service);
  if (!networkMode.startsWith('container:')) return { Labels: { ...labels }, ExposedPorts: ports };
  return { Labels: { ...labels, [label.targets]: Object.keys(ports).join(',') } };
}

/** A name without a value takes the variable away from the image's own (Engine API, `Env`). */
function environment(config: ComposeService, added: Readonly<Record<string, string>>): string[] {
  const variables = { ...config.environment, ...added };
  return Object.entries(variables).map(([name, value]) => (value === null ? name : `${name}=${value}`));
}
