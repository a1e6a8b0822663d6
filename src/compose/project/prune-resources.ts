import { recordOf } from '../tree.ts';
import type { Project, ServiceConfig } from '../project.ts';

type Resources = Pick<Project, 'networks' | 'volumes' | 'secrets' | 'configs' | 'models'>;

/** The resources that some service uses. */
export function pruneResources(all: Resources, services: Readonly<Record<string, ServiceConfig>>): Resources {
  const list = Object.values(services);
  const keep = <Config>(
    resources: Readonly<Record<string, Config>>,
    used: (service: ServiceConfig) => readonly (string | undefined)[],
  ) => {
    const names = new Set(list.flatMap(used));
    return recordOf(Object.entries(resources).filter(([name]) => names.has(name)));
  };
  return {
    networks: keep(all.networks, (service) => Object.keys(service.networks ?? {})),
    volumes: keep(all.volumes, ({ volumes = [] }) =>
      volumes.flatMap(({ type, source }) => (type === 'volume' ? [source] : [])),
    ),
    secrets: keep(all.secrets, ({ secrets = [], build }) =>
      [...secrets, ...(build?.secrets ?? [])].map(({ source }) => source),
    ),
    configs: keep(all.configs, ({ configs = [] }) => configs.map(({ source }) => source)),
    models: keep(all.models, (service) => Object.keys(service.models ?? {})),
  };
}
