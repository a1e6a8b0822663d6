import type { Match } from '../../../model/routing.ts';
import type { RouteConfig } from '../../schema/tenfold/routes.ts';

/** What a route of the file demands, as one match. */
export function matchOf(config: RouteConfig): Match {
  const parts: Match[] = [
    ...anyOf(config.host?.map((host): Match => ({ kind: 'host', host: host.toLowerCase() }))),
    ...(config.host_regex === undefined ? [] : [hostRegex(config.host_regex)]),
    ...anyOf(config.path?.map(pathMatch)),
    ...(config.path_regex === undefined
      ? []
      : [{ kind: 'path-regex', pattern: config.path_regex } satisfies Match]),
    ...(config.method === undefined ? [] : [{ kind: 'method', methods: config.method } satisfies Match]),
    ...pairs(config.header).map(([name, value]): Match => ({
      kind: 'header',
      name: name.toLowerCase(),
      ...(value !== null && { value }),
    })),
    ...pairs(config.query).map(([name, value]): Match => ({
      kind: 'query',
      name,
      ...(value !== null && { value }),
    })),
  ];
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'all', of: parts };
}

function anyOf(matches: readonly Match[] | undefined): Match[] {
  if (matches === undefined || matches.length === 0) return [];
  return matches.length === 1 ? [...matches] : [{ kind: 'any', of: matches }];
}

/** The whole name, unless the pattern says otherwise. */
function hostRegex(pattern: string): Match {
  const isAnchored = pattern.startsWith('^') || pattern.endsWith('$');
  return { kind: 'host-regex', pattern: isAnchored ? pattern : `^(?:${pattern})$` };
}

/** A path and all below it, by whole segments. */
function pathMatch(path: string): Match {
  if (path.endsWith('/')) return { kind: 'path-prefix', prefix: path };
  return {
    kind: 'any',
    of: [
      { kind: 'path', path },
      { kind: 'path-prefix', prefix: `${path}/` },
    ],
  };
}

function pairs(demands: Readonly<Record<string, string | null>> | undefined): [string, string | null][] {
  return Object.entries(demands ?? {});
}

/**
 * How much a route demands, as Traefik reckons it: the length of its rule. So an exact host comes before a wildcard that
 * covers it, and a longer path before a shorter one.
 */
export function specificity(config: RouteConfig): number {
  const longest = (texts: readonly string[] | undefined): number =>
    Math.max(0, ...(texts ?? []).map((text) => text.length));
  // A star stands for at least one letter, and must not outweigh it.
  const rules = config.host?.map(
    (host) => `Host(\`${host.replace('*.', '')}\`)${host.startsWith('*') ? '' : '..'}`,
  );
  return (
    longest(rules) +
    lengthOf('HostRegexp', config.host_regex) +
    (config.path === undefined ? 0 : 'PathPrefix(``) && '.length + longest(config.path)) +
    lengthOf('PathRegexp', config.path_regex) +
    lengthOf('Method', config.method?.join('`,`')) +
    [...pairs(config.header), ...pairs(config.query)].reduce(
      (sum, [name, value]) => sum + lengthOf('Header', `${name}\`,\`${value ?? ''}`),
      0,
    )
  );
}

function lengthOf(matcher: string, value: string | undefined): number {
  return value === undefined ? 0 : `${matcher}(\`${value}\`) && `.length;
}
