import type { Service } from '../../../../model/service.ts';
import type { Project, ServiceConfig } from '../../../project.ts';
import type { Keys } from '../edge-policy.ts';
import type { PlacedRoute } from '../placed-route.ts';
import { isExposedByDefault, isTraefik, traefikEntrypoints, whyKept } from './edge-service.ts';
import { readLabels, type TraefikLabel } from './read-labels.ts';
import { routerRoutes } from './router-routes.ts';

interface LabelEntrypoint {
  readonly name: string;
  readonly hostIp: string;
  readonly port: number;
  readonly redirectToPort: number | undefined;
  readonly keys: Keys;
}

/** What the labels of Traefik come to. */
export interface LabelRouting {
  readonly entrypoints: readonly LabelEntrypoint[];
  routes(hasEntrypoints: boolean): readonly PlacedRoute[];
}

/** Services that only carry requests to others, which is the balancer's work: they are not run. */
export function replacedEdges({ services, tenfold }: Project): ReadonlyMap<string, ServiceConfig> {
  return new Map(
    Object.entries(services).filter(([name, config]) => {
      const choice = tenfold.services[name]?.traefik ?? tenfold.defaults.traefik;
      return (
        isTraefik(config) && (choice === 'replace' || (choice === undefined && whyKept(config) === undefined))
      );
    }),
  );
}

export function labelRouting(
  services: readonly Service[],
  project: Project,
  warnings: string[],
): LabelRouting {
  const edges = replacedEdges(project);
  const kept = Object.entries(project.services).find(
    ([name, config]) => isTraefik(config) && !edges.has(name),
  );
  const entrypoints = [...edges].flatMap(([name, config]) => entrypointsOf(name, config, warnings));
  return {
    entrypoints,
    routes: (hasEntrypoints) => {
      const labels = services.flatMap(({ name }) => labelsOf(name, project));
      if (labels.length === 0 || project.tenfold.defaults.traefik === 'keep') return [];
      const first = labels[0]?.service;
      if (kept !== undefined && edges.size === 0) {
        const why = whyKept(kept[1]);
        warnings.push(
          `service ${kept[0]} is a Traefik that stays${why === undefined ? '' : `, as ${why}`}; the labels are left to it`,
        );
        return [];
      }
      if (!hasEntrypoints) {
        warnings.push(
          `service ${first} has labels for Traefik, but there is no entrypoint that they could be routes of; ` +
            'declare one under x-tenfold.entrypoints, or say `traefik: keep` there',
        );
        return [];
      }
      const read = readLabels(labels);
      for (const { service, key } of read.unknown)
        warnings.push(`service ${service}: the label ${key} says nothing to Tenfold`);
      const isOptIn = [...edges.values()].some((config) => !isExposedByDefault(config));
      const asked = isOptIn
        ? new Map(services.map(({ name }) => [name, read.enabled.get(name) ?? false] as const))
        : read.enabled;
      const targets = new Map(services.map(({ name, targets }) => [name, targets]));
      return routerRoutes({ labels: { ...read, enabled: asked }, project, targets, warnings });
    },
  };
}

function entrypointsOf(name: string, config: ServiceConfig, warnings: string[]): LabelEntrypoint[] {
  const { entrypoints, left } = traefikEntrypoints(config);
  const places = entrypoints.map((entrypoint) => `${entrypoint.name} on port ${entrypoint.port}`);
  warnings.push(
    `service ${name} is not run: Tenfold's own proxy does its work (${places.length === 0 ? 'it publishes no port' : places.join(', ')}); ` +
      `to run it all the same, give it \`x-tenfold: {traefik: keep}\``,
  );
  if (left.length > 0)
    warnings.push(`service ${name}: ${left.map((flag) => `--${flag}`).join(', ')} says nothing to Tenfold`);
  return entrypoints.map(({ redirectTo, ...entrypoint }) => ({
    ...entrypoint,
    redirectToPort:
      redirectTo === undefined
        ? undefined
        : (entrypoints.find((other) => other.name === redirectTo)?.port ??
          (Number(/\d+$/.exec(redirectTo)?.[0]) || 443)),
    keys: ['services', name, 'ports'],
  }));
}

function labelsOf(service: string, { services }: Project): TraefikLabel[] {
  return Object.entries(services[service]?.labels ?? {}).flatMap(([key, value]) =>
    key.toLowerCase().startsWith('traefik.') ? [{ service, key, value: value ?? '' }] : [],
  );
}
