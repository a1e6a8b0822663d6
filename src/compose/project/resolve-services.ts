import type { SourceLocation } from '../../shared/errors.ts';
import type { ServiceConfig } from '../project.ts';
import { isMap, mapAt, newRecord, type TreeMap } from '../tree.ts';
import { serviceEnvironment, serviceLabels } from './read-service-files.ts';

interface Resolution {
  readonly checksConsistency: boolean;
  readonly resolvesEnvironment: boolean;
  readonly discardsEnvFiles: boolean;
}

/** Reads the env and label files of services into them, and into the model that they were made of. */
export function resolveServices(
  services: Readonly<Record<string, ServiceConfig>>,
  tree: TreeMap,
  environment: ReadonlyMap<string, string>,
  resolution: Resolution,
  locate: (...keys: (string | number)[]) => SourceLocation,
): Record<string, ServiceConfig> {
  const resolved = newRecord<ServiceConfig>();
  const trees = mapAt(tree, 'services');
  for (const [name, service] of Object.entries(services)) {
    const {
      env_file: envFiles,
      label_file: labelFiles,
      environment: own,
      labels: _labels,
      deploy,
      ...rest
    } = service;
    const place = (...keys: (string | number)[]) => locate('services', name, ...keys);
    const variables = resolution.resolvesEnvironment ? serviceEnvironment(service, environment, place) : own;
    const labels = serviceLabels(service, place);
    const keepsFiles = !resolution.discardsEnvFiles;
    resolved[name] = {
      ...rest,
      ...(variables && { environment: variables }),
      ...(labels && { labels }),
      ...(deploy && { deploy: withScale(deploy, service, resolution) }),
      ...(keepsFiles && envFiles && { env_file: envFiles }),
      ...(keepsFiles && labelFiles && { label_file: labelFiles }),
    };
    const serviceTree = trees?.[name] ?? null;
    if (!isMap(serviceTree)) continue;
    const dependencies = mapAt(serviceTree, 'depends_on');
    for (const dependency of Object.keys(dependencies ?? {})) {
      // Gone when only some services were asked for.
      if (service.depends_on?.[dependency] === undefined) delete dependencies?.[dependency];
    }
    const replicas = resolved[name].deploy?.replicas;
    const deployTree = mapAt(serviceTree, 'deploy');
    if (replicas !== undefined && deployTree !== undefined) deployTree['replicas'] = replicas;
    if (variables !== undefined) serviceTree['environment'] = { ...variables };
    if (labels !== undefined) serviceTree['labels'] = { ...labels };
    if (keepsFiles) continue;
    if (resolution.resolvesEnvironment) delete serviceTree['env_file'];
    delete serviceTree['label_file'];
  }
  return resolved;
}

/** `scale` and `deploy.replicas` are one thing under two names. */
function withScale(
  deploy: NonNullable<ServiceConfig['deploy']>,
  { scale }: ServiceConfig,
  { checksConsistency }: Resolution,
): NonNullable<ServiceConfig['deploy']> {
  return scale === undefined || !checksConsistency ? deploy : { ...deploy, replicas: scale };
}
