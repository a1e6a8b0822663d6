import type { Match, Route } from '../../model/routing.ts';
import type { RouteStatus } from '../control-api.ts';

type RouteRequest = NonNullable<RouteStatus['request']>;

/** Routes in the order in which they are tried, each with a plain GET that it takes and none before it, where there is one. */
export function describeRoutes(routes: readonly Route[], isAsked: boolean): readonly RouteStatus[] {
  return routes.map(({ id, match, action }, index) => {
    const earlier = routes.slice(0, index);
    const request = !isAsked
      ? undefined
      : candidates(match).find(
          (candidate) => takes(match, candidate) && !earlier.some((route) => takes(route.match, candidate)),
        );
    return {
      id,
      ...(action.kind === 'forward' && { service: action.to.service }),
      ...(request !== undefined && { request }),
    };
  });
}

/** Requests that come to mind at the sight of a match; whether it takes them is another question. */
function candidates(match: Match): readonly RouteRequest[] {
  switch (match.kind) {
    case 'all': {
      const parts = match.of.map(candidates);
      return parts.reduce(
        (so, part) =>
          so.flatMap((one) => part.map((other) => ({ ...one, ...other }))).slice(0, mostCandidates),
        [{}],
      );
    }
    case 'any':
      return match.of.flatMap(candidates).slice(0, mostCandidates);
    case 'host':
      return [{ host: match.host.startsWith('*.') ? `www${match.host.slice(1)}` : match.host }];
    case 'path':
      return [{ path: match.path }];
    case 'path-prefix':
      return [{ path: match.prefix }];
    case 'not':
    case 'host-regex':
    case 'path-regex':
    case 'method':
    case 'header':
    case 'header-regex':
    case 'query':
    case 'client':
      return [{}];
  }
}

const mostCandidates = 32;

/** As the balancer judges a GET from this machine with no other field than `Host`. */
function takes(match: Match, request: RouteRequest): boolean {
  const { host = 'localhost', path = '/' } = request;
  switch (match.kind) {
    case 'all':
      return match.of.every((part) => takes(part, request));
    case 'any':
      return match.of.some((part) => takes(part, request));
    case 'not':
      return !takes(match.of, request);
    case 'host':
      return match.host.startsWith('*.') ? host.endsWith(match.host.slice(1)) : host === match.host;
    case 'host-regex':
      return new RegExp(match.pattern, 'i').test(host);
    case 'path':
      return path === match.path;
    case 'path-prefix':
      return path.startsWith(match.prefix);
    case 'path-regex':
      return new RegExp(match.pattern).test(path);
    case 'method':
      return match.methods.includes('GET');
    case 'header':
    case 'header-regex':
    case 'query':
    case 'client':
      return false;
  }
}
