import { listenerId, type Desired } from '../desired.ts';
import type { Service } from '../../model/service.ts';

/**
 * What Tenfold adds to the environment of a replica: who it is, and for a local process where the services it can
 * reach answer (`TENFOLD_REDIS_HOST`, `_PORT`, `_URL`; a second target adds `TENFOLD_REDIS_9090_…`).
 */
export function replicaEnvironment(
  desired: Desired,
  service: Service,
  index: number,
): Readonly<Record<string, string>> {
  return {
    TENFOLD_SERVICE: service.name,
    TENFOLD_REPLICA: String(index),
    TENFOLD_REPLICAS: String(desired.services[service.name]?.replicas ?? service.replicas),
    TENFOLD_INSTANCE: `${service.name}-${index}`,
    TENFOLD_REVISION: service.revision,
    ...(service.kind === 'process' && peerEnvironment(desired, service)),
  };
}

function peerEnvironment(desired: Desired, service: Service): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const peer of Object.values(desired.stack.services)) {
    if (peer.name === service.name || !peer.networks.some((network) => service.networks.includes(network)))
      continue;
    const listeners = peer.listeners.filter(({ exposure }) => exposure === 'internal');
    for (const [position, listener] of listeners.entries()) {
      const port = listener.port ?? desired.assignedPorts[listenerId(desired.stack.name, listener.key)];
      if (port === undefined) continue;
      const word = peer.name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_');
      const scheme = listener.protocol === 'http' ? 'http' : 'tcp';
      for (const prefix of [
        `TENFOLD_${word}_${listener.target}`,
        ...(position === 0 ? [`TENFOLD_${word}`] : []),
      ]) {
        environment[`${prefix}_HOST`] = listener.hostIp;
        environment[`${prefix}_PORT`] = String(port);
        environment[`${prefix}_URL`] = `${scheme}://${listener.hostIp}:${port}`;
      }
    }
  }
  return environment;
}
