import type { EdgePolicy } from '../../../model/edge.ts';
import type { Entrypoint, Route } from '../../../model/routing.ts';
import type { Listener, Service } from '../../../model/service.ts';
import type { Project } from '../../project.ts';
import { didYouMean } from '../../nearest-name.ts';
import { edgePolicy, fault, type Keys } from './edge-policy.ts';
import { byPrecedence, type PlacedRoute } from './placed-route.ts';
import { serviceRoutes } from './service-routes.ts';
import { refuseMisplaced } from './misplaced-keys.ts';
import { type LabelRouting, labelRouting } from './traefik/label-routing.ts';

export interface ResolvedRouting {
  readonly services: readonly Service[];
  readonly entrypoints: readonly Entrypoint[];
}

interface OpenEntrypoint extends Omit<Entrypoint, 'routes'> {
  readonly keys: Keys;
  /** The file itself asks for it; else a Traefik that it replaces does. */
  readonly isDeclared: boolean;
}

/**
 * Gives listeners their edge, and shares addresses out among services: what `x-tenfold.routes` and the labels of Traefik say,
 * placed on entrypoints and listeners in order of precedence. Throws `invalid-compose` for what contradicts itself.
 */
export function resolveRouting(
  services: readonly Service[],
  project: Project,
  warnings: string[],
): ResolvedRouting {
  refuseMisplaced(services, project);
  const labels = labelRouting(services, project, warnings);
  const entrypoints = openEntrypoints(project, labels, warnings);
  const placed = [
    ...services.flatMap(({ name, targets }) =>
      serviceRoutes(name, targets, project.tenfold.services[name]?.routes ?? [], project),
    ),
    ...labels.routes(entrypoints.length > 0),
  ].sort(byPrecedence);
  checkPlaces(placed, entrypoints, services, project);
  const routed = entrypoints.flatMap(({ name, hostIp, port, edge, isDeclared }): Entrypoint[] => {
    const own = placed.filter(
      (route) => route.listenerPort === undefined && (route.entrypoints?.includes(name) ?? true),
    );
    const routes = routesAt(own, edge, name, warnings);
    // What a Traefik would open, and nobody could be served on.
    const isIdle = routes.length === 0 && edge?.redirectToHttpsPort === undefined;
    return isIdle && !isDeclared ? [] : [{ name, hostIp, port, edge, routes }];
  });
  const withEdges = services.map((service) => withEdge(service, placed, project, warnings));
  return { services: withEdges.map((service) => withTargets(service, placed)), entrypoints: routed };
}

function openEntrypoints(project: Project, labels: LabelRouting, warnings: string[]): OpenEntrypoint[] {
  const declared = Object.entries(project.tenfold.defaults.entrypoints ?? {});
  const entrypoints = declared.map(([name, config]): OpenEntrypoint => {
    const keys: Keys = ['x-tenfold', 'entrypoints', name];
    const edge = config?.edge ?? project.tenfold.defaults.edge;
    const edgeKeys = config?.edge === undefined ? ['x-tenfold', 'edge'] : [...keys, 'edge'];
    return {
      name,
      hostIp: config?.host_ip ?? '',
      port: config?.port ?? 0,
      edge: edge && edgePolicy(edge, edgeKeys, project),
      keys,
      isDeclared: true,
    };
  });
  for (const { name, hostIp, port, redirectToPort, keys } of labels.entrypoints) {
    if (entrypoints.some((entrypoint) => entrypoint.name === name)) continue;
    const edge = project.tenfold.defaults.edge ?? (redirectToPort === undefined ? undefined : {});
    const policy = edge && edgePolicy(edge, ['x-tenfold', 'edge'], project);
    const redirected =
      policy === undefined || redirectToPort === undefined
        ? policy
        : { ...policy, redirectToHttpsPort: redirectToPort };
    entrypoints.push({ name, hostIp, port, edge: redirected, keys, isDeclared: false });
  }
  for (const { name, edge } of entrypoints) {
    if (
      edge?.redirectToHttpsPort !== undefined &&
      !entrypoints.some((other) => other.edge?.tls !== undefined)
    )
      warnings.push(`entrypoint ${name} redirects to HTTPS, which no entrypoint of the file serves`);
  }
  return entrypoints;
}

function checkPlaces(
  placed: readonly PlacedRoute[],
  entrypoints: readonly OpenEntrypoint[],
  services: readonly Service[],
  project: Project,
): void {
  const names = entrypoints.map(({ name }) => name);
  const ports = services.flatMap(({ listeners }) =>
    listeners.flatMap(({ port, protocol }) => (protocol === 'http' && port !== undefined ? [port] : [])),
  );
  for (const { keys, route, entrypoints: wanted = [], listenerPort } of placed) {
    const unknown = wanted.find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw fault(project, [...keys, 'entrypoint'], `route ${route.id} names no entrypoint: ${unknown}`, {
        expected: names.length === 0 ? 'an entrypoint under the x-tenfold of the file' : names.join(', '),
        got: unknown,
        ...didYouMean(unknown, names),
      });
    }
    if (listenerPort !== undefined && !ports.includes(listenerPort)) {
      throw fault(project, [...keys, 'listener'], `no service publishes port ${listenerPort} for HTTP`, {
        expected: ports.length === 0 ? 'a published port' : ports.join(', '),
        got: String(listenerPort),
      });
    }
    if (listenerPort === undefined && names.length === 0) {
      throw fault(project, keys, `route ${route.id} has no address to come in by`, {
        expected: 'an entrypoint under the x-tenfold of the file, or a listener',
        hint: 'add `x-tenfold: {entrypoints: {web: {port: 80}}}` at the top of the file, or `listener: 8080`',
      });
    }
  }
}

function routesAt(
  placed: readonly PlacedRoute[],
  edge: EdgePolicy | undefined,
  name: string,
  warnings: string[],
): Route[] {
  return placed.flatMap(({ route, tlsRoute, needsTls, service }): Route[] => {
    if (edge?.tls !== undefined) return [tlsRoute ?? route];
    if (!needsTls) return [route];
    warnings.push(
      `service ${service}: route ${route.id} wants TLS, for which entrypoint ${name} has no certificate; ` +
        `give it one under x-tenfold.entrypoints.${name}.edge.tls`,
    );
    return [];
  });
}

/** Only what is published has an edge; the loopback listeners of processes are nobody else's. */
function withEdge(
  service: Service,
  placed: readonly PlacedRoute[],
  project: Project,
  warnings: string[],
): Service {
  const { defaults, services } = project.tenfold;
  const own = services[service.name]?.edge;
  const config = own ?? defaults.edge;
  const keys: Keys =
    own === undefined ? ['x-tenfold', 'edge'] : ['services', service.name, 'x-tenfold', 'edge'];
  const published = service.listeners.some(({ exposure }) => exposure === 'published');
  const edge = config !== undefined && published ? edgePolicy(config, keys, project) : undefined;
  const listeners = service.listeners.map((listener): Listener => {
    if (listener.exposure !== 'published') return listener;
    const routes = routesAt(
      placed.filter(({ listenerPort }) => listenerPort !== undefined && listenerPort === listener.port),
      edge,
      String(listener.port),
      warnings,
    );
    return { ...listener, ...(routes.length > 0 && { routes }), ...(edge !== undefined && { edge }) };
  });
  return { ...service, listeners };
}

/** A target that only a route names must be one of those that the runtime tells endpoints for. */
function withTargets(service: Service, placed: readonly PlacedRoute[]): Service {
  const routed = new Set(
    placed.flatMap(({ route, tlsRoute }) =>
      [route, tlsRoute].flatMap((each) =>
        each?.action.kind === 'forward' && each.action.to.service === service.name
          ? [each.action.to.target]
          : [],
      ),
    ),
  );
  if (routed.size === 0) return service;
  const targets = [...new Set([...service.targets, ...routed])];
  return { ...service, targets, routedTargets: [...routed] };
}
