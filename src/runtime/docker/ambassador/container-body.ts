import { createHash } from 'node:crypto';
import type { AmbassadorSpec } from '../../../balancer/ambassador/ambassador-host.ts';
import { composeVersion, label } from '../labels.ts';
import type { Standing } from './standing.ts';

/** The folder of the control socket, inside. */
const controlFolder = '/run/tenfold';

export const controlSocketName = 'control.sock';

export interface AmbassadorIdentity {
  /** `UID:GID` that can write the folder of the control socket, seen from inside. */
  readonly user: string;
  /** Set where the engine gives containers other user ids than the machine's. */
  readonly usernsMode: string | undefined;
}

/** Changes with everything that cannot be changed in a container that is there. */
export function specHash(spec: AmbassadorSpec): string {
  return createHash('sha256').update(JSON.stringify(spec)).digest('hex');
}

/**
 * The request that creates an ambassador's container: without root, capabilities, anything to write but its control socket, or
 * the engine. docker compose takes it for a service that the file no longer has, so `down --remove-orphans` removes it.
 */
export function containerBody(
  spec: AmbassadorSpec,
  image: string,
  folder: string,
  { user, usernsMode }: AmbassadorIdentity,
  first: Standing,
): object {
  return {
    Image: image,
    Cmd: ['--socket', `${controlFolder}/${controlSocketName}`],
    Env: ['TENFOLD_PROXY_WORKERS=1', `NODE_COMPILE_CACHE=${controlFolder}/code-cache`],
    User: user,
    Labels: {
      [label.role]: 'ambassador',
      [label.project]: spec.stack,
      [label.service]: `${spec.service}-ambassador`,
      [label.number]: '1',
      [label.oneOff]: 'False',
      [label.configHash]: specHash(spec),
      [label.version]: composeVersion,
    },
    HostConfig: {
      NetworkMode: first.network,
      Mounts: [{ Type: 'bind', Source: folder, Target: controlFolder }],
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
      // The service's own ports may be low ones.
      Sysctls: { 'net.ipv4.ip_unprivileged_port_start': '0' },
      RestartPolicy: { Name: 'unless-stopped' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
      ...(usernsMode === undefined ? {} : { UsernsMode: usernsMode }),
    },
    NetworkingConfig: { EndpointsConfig: { [first.network]: first.endpoint } },
  };
}
