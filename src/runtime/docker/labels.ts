import type { ReplicaSpec } from '../runtime-driver.ts';
import type { Stack } from '../../model/stack.ts';
import { composeServiceOf } from './compose-types.ts';

/** Labels by which docker compose knows what is its own. */
export const label = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  configHash: 'com.docker.compose.config-hash',
  number: 'com.docker.compose.container-number',
  oneOff: 'com.docker.compose.oneoff',
  dependsOn: 'com.docker.compose.depends_on',
  image: 'com.docker.compose.image',
  configFiles: 'com.docker.compose.project.config_files',
  workingDir: 'com.docker.compose.project.working_dir',
  version: 'com.docker.compose.version',
  network: 'com.docker.compose.network',
  volume: 'com.docker.compose.volume',
  /** Ours: TCP ports of a container that cannot declare any, because its network is another one's. */
  targets: 'tenfold.targets',
  /** Ours: on a container that is no replica, what it is instead. */
  role: 'tenfold.role',
} as const;

/** The docker compose whose labels and names these are; its later versions read them alike. */
export const composeVersion = '2.40.3';

export type Labels = Readonly<Record<string, string>>;

export function containerLabels({ stack, service, index }: ReplicaSpec, imageId: string): Labels {
  const dependencies = service.dependsOn.map(
    ({ service, condition, restart }) => `${service}:${condition}:${restart}`,
  );
  return {
    ...composeServiceOf(service).labels,
    [label.configHash]: service.revision,
    [label.number]: String(index),
    [label.dependsOn]: dependencies.join(','),
    [label.image]: imageId,
    [label.oneOff]: 'False',
    [label.project]: stack.name,
    [label.configFiles]: stack.configFiles.join(','),
    [label.workingDir]: stack.workingDir,
    [label.service]: service.name,
    [label.version]: composeVersion,
  };
}

/** Labels of a network or volume. */
export function elementLabels(
  kind: 'network' | 'volume',
  stack: Stack,
  key: string,
  configHash: string,
): Labels {
  return {
    [label.configHash]: configHash,
    [label[kind]]: key,
    [label.project]: stack.name,
    [label.version]: composeVersion,
  };
}
