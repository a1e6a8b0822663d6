import type { Match, Route, RouteAction, ServiceTarget } from '../../../../model/routing.ts';
import { TenfoldError } from '../../../../shared/errors.ts';
import { plainRoute } from '../../../../shared/plain-route.ts';
import type { Project } from '../../../project.ts';
import { fault, type Keys } from '../edge-policy.ts';
import type { PlacedRoute } from '../placed-route.ts';
import { addMiddleware, type Effects, noEffects } from './middlewares.ts';
import type { TraefikLabel, TraefikLabels, TraefikPart } from './read-labels.ts';
import { RuleError } from './rule-error.ts';
import { parseRule } from './rule-parser.ts';

interface Circumstances {
  readonly labels: TraefikLabels;
  readonly project: Project;
  /** Ports inside the replicas, by compose service. */
  readonly targets: ReadonlyMap<string, readonly number[]>;
  /** What Traefik calls an entrypoint, by what the stack calls it. */
  readonly warnings: string[];
}

const routerOptions = new Set(['rule', 'entrypoints', 'priority', 'service', 'middlewares', 'rulesyntax']);

/** The routes that the routers among the labels describe. Throws `invalid-compose` at the label that cannot be obeyed. */
export function routerRoutes(circumstances: Circumstances): PlacedRoute[] {
  const { labels, project, warnings } = circumstances;
  const routes: PlacedRoute[] = [];
  for (const [name, router] of [...labels.routers, ...defaultRouters(circumstances)]) {
    if (labels.enabled.get(router.owner) === false) continue;
    for (const [option, { key }] of router.options)
      if (!routerOptions.has(option) && !/^tls(?:$|\.)/.test(option))
        warnings.push(`service ${router.owner}: the label ${key} says nothing to Tenfold`);
    const serviceName = router.options.get('service');
    if (serviceName?.value.endsWith('@internal') === true) {
      warnings.push(
        `service ${router.owner}: router ${name} leads to ${serviceName.value}, which only Traefik has`,
      );
      continue;
    }
    routes.push(routeOfRouter(name, router, circumstances));
  }
  const used = new Set(
    [...labels.routers.values()].flatMap(({ options }) => namesOf(options.get('middlewares'))),
  );
  for (const [name, { owner }] of labels.middlewares)
    if (!used.has(name)) warnings.push(`service ${owner}: no router uses the middleware ${name}`);
  for (const { owner, options } of labels.services.values())
    for (const [option, { key }] of options)
      if (!/^loadbalancer\.(?:server\.(?:port|scheme)|passhostheader)$/.test(option))
        warnings.push(`service ${owner}: the label ${key} says nothing to Tenfold`);
  void project;
  return routes;
}

/** A service that asks for Traefik and has no router gets one for the host `service-project`, as with Traefik. */
function defaultRouters({ labels, project }: Circumstances): [string, TraefikPart][] {
  const owners = new Set([...labels.routers.values()].map(({ owner }) => owner));
  return [...labels.enabled].flatMap(([service, isEnabled]): [string, TraefikPart][] => {
    if (!isEnabled || owners.has(service)) return [];
    const key = 'traefik.enable';
    const rule = `Host(\`${service}-${project.name}\`)`;
    return [[service, { owner: service, options: new Map([['rule', { service, key, value: rule }]]) }]];
  });
}

function routeOfRouter(name: string, router: TraefikPart, circumstances: Circumstances): PlacedRoute {
  const { project } = circumstances;
  const rule = router.options.get('rule');
  const ownKeys: Keys = ['services', router.owner, 'labels'];
  if (rule === undefined) throw fault(project, ownKeys, `router ${name} has no rule`, { expected: 'a rule' });
  const match = readRule(name, rule, project);
  const effects = effectsOf(name, router, circumstances);
  const { redirect } = effects;
  const priority = router.options.get('priority');
  const entrypoints = namesOf(router.options.get('entrypoints'));
  const forward: Route = plainRoute({
    id: `${name}@labels`,
    match,
    action: { kind: 'forward', to: targetOf(name, router, circumstances) },
    stripPrefixes: effects.stripPrefixes,
    requestHeaders: effects.requestHeaders,
    responseHeaders: effects.responseHeaders,
    access: effects.access,
    basicAuth: effects.basicAuth,
    rateLimit: effects.rateLimit,
  });
  // Nobody is asked for a password where it would go in clear text only to be sent elsewhere.
  const elsewhere: Route | undefined = redirect && {
    ...forward,
    action: redirectionTo(redirect),
    stripPrefixes: [],
    basicAuth: undefined,
  };
  return {
    service: router.owner,
    route: elsewhere ?? forward,
    tlsRoute: redirect?.scheme === 'https' ? forward : undefined,
    entrypoints: entrypoints.length === 0 ? undefined : entrypoints,
    listenerPort: undefined,
    priority: Number(priority?.value ?? 0) || rule.value.length,
    needsTls: [...router.options].some(
      ([option, { value }]) =>
        option.startsWith('tls.') || (option === 'tls' && /^(?:true|1|t)$/i.test(value)),
    ),
    keys: ['services', router.owner, 'labels', rule.key],
  };
}

function redirectionTo({ scheme, port, isPermanent }: NonNullable<Effects['redirect']>): RouteAction<never> {
  const authority = port === '' ? '{host}' : `{host}:${port}`;
  return { kind: 'redirect', url: `${scheme}://${authority}{path}{query}`, status: isPermanent ? 308 : 307 };
}

function readRule(name: string, { service, key, value }: TraefikLabel, project: Project): Match {
  try {
    return parseRule(value);
  } catch (thrown) {
    if (!(thrown instanceof RuleError)) throw thrown;
    throw fault(
      project,
      ['services', service, 'labels', key],
      `the rule of router ${name}: ${thrown.message}`,
      {
        expected: 'a rule such as Host(`app.example.com`) && PathPrefix(`/api`)',
        got: value,
      },
    );
  }
}

function namesOf(label: TraefikLabel | undefined): string[] {
  const names = (label?.value ?? '').split(',').map((name) => name.trim().replace(/@docker$/, ''));
  return names.filter((name) => name !== '');
}

function effectsOf(name: string, router: TraefikPart, { labels, project, warnings }: Circumstances): Effects {
  const effects = noEffects();
  const label = router.options.get('middlewares');
  const add = (names: readonly string[], depth: number): void => {
    for (const each of names) {
      const middleware = labels.middlewares.get(each);
      const chain = middleware?.options.get('chain.middlewares');
      if (chain !== undefined && depth < 8) {
        add(namesOf(chain), depth + 1);
        continue;
      }
      try {
        if (middleware === undefined) throw new RuleError('no label describes it');
        for (const option of addMiddleware(effects, middleware))
          warnings.push(`service ${middleware.owner}: middleware ${each}: ${option} is left out`);
      } catch (thrown) {
        if (!(thrown instanceof RuleError)) throw thrown;
        throw new TenfoldError('invalid-compose', `middleware ${each} of router ${name}: ${thrown.message}`, {
          where: project.locate('services', router.owner, 'labels', label?.key ?? ''),
          expected: 'redirectscheme, stripprefix, basicauth, headers, ratelimit or ipallowlist',
          hint: 'take it out of the router, or keep Traefik with `x-tenfold: {traefik: keep}`',
        });
      }
    }
  };
  add(namesOf(label), 0);
  return effects;
}

/** The service that the router names, or the only one that its compose service has, or that service itself. */
function targetOf(
  name: string,
  router: TraefikPart,
  { labels, project, targets }: Circumstances,
): ServiceTarget {
  const named = namesOf(router.options.get('service'))[0];
  const own = [...labels.services].filter(([, { owner }]) => owner === router.owner);
  const part =
    named === undefined ? (own.length === 1 ? own[0]?.[1] : undefined) : labels.services.get(named);
  const keys: Keys = ['services', router.owner, 'labels', router.options.get('service')?.key ?? ''];
  if (named !== undefined && part === undefined && !targets.has(named))
    throw fault(project, keys, `router ${name} leads to the service ${named}, which no label describes`);
  const service = part?.owner ?? (named !== undefined && targets.has(named) ? named : router.owner);
  const label = part?.options.get('loadbalancer.server.port') ?? labels.oldPorts.get(service);
  const target = label === undefined ? targets.get(service)?.[0] : Number(label.value);
  if (target === undefined || !Number.isInteger(target) || target < 0 || target > 65_535) {
    throw fault(
      project,
      ['services', service, 'labels', label?.key ?? ''],
      `router ${name}: it is not known on which port ${service} answers`,
      {
        expected: 'a port under ports or expose, or loadbalancer.server.port',
        ...(label !== undefined && { got: label.value }),
        hint: `add the label traefik.http.services.${service}.loadbalancer.server.port`,
      },
    );
  }
  return { service, target };
}
