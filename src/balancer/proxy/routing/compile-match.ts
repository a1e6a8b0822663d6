import type { Match } from '../../../model/routing.ts';
import { rangeSet } from '../edge/range-set.ts';
import type { RoutedRequest } from './routed-request.ts';

export type Predicate = (request: RoutedRequest) => boolean;

/** A match as a function; patterns are compiled once. Throws a `SyntaxError` where a pattern is none. */
export function compileMatch(match: Match): Predicate {
  switch (match.kind) {
    case 'all': {
      const parts = match.of.map(compileMatch);
      return (request) => parts.every((part) => part(request));
    }
    case 'any': {
      const parts = match.of.map(compileMatch);
      return (request) => parts.some((part) => part(request));
    }
    case 'not': {
      const part = compileMatch(match.of);
      return (request) => !part(request);
    }
    case 'host':
      return hostPredicate(match.host);
    case 'host-regex': {
      const pattern = new RegExp(match.pattern, 'i');
      return ({ host }) => pattern.test(host);
    }
    case 'path':
      return ({ path }) => path === match.path;
    case 'path-prefix':
      return ({ path }) => path.startsWith(match.prefix);
    case 'path-regex': {
      const pattern = new RegExp(match.pattern);
      return ({ path }) => pattern.test(path);
    }
    case 'method': {
      const methods = new Set(match.methods);
      return ({ method }) => methods.has(method);
    }
    case 'header':
      return (request) => isAsked(request.field(match.name), match.value);
    case 'header-regex': {
      const pattern = new RegExp(match.pattern);
      return (request) => {
        const value = request.field(match.name);
        return value !== undefined && pattern.test(value);
      };
    }
    case 'query':
      return ({ query }) => {
        const values = new URLSearchParams(query).getAll(match.name);
        return match.value === undefined ? values.length > 0 : values.includes(match.value);
      };
    case 'client': {
      const ranges = rangeSet(match.ranges);
      return ({ clientAddress }) => ranges.has(clientAddress);
    }
  }
}

function isAsked(value: string | undefined, wanted: string | undefined): boolean {
  if (value === undefined || wanted === undefined) return value !== undefined;
  // A field may come in several lines, or as a list.
  return value === wanted || value.split(',').some((part) => part.trim() === wanted);
}

function hostPredicate(wanted: string): Predicate {
  if (!wanted.startsWith('*.')) return ({ host }) => host === wanted;
  const ending = wanted.slice(1);
  return ({ host }) => host.length > ending.length && host.endsWith(ending);
}
