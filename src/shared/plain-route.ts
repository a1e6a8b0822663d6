import type { Route } from '../model/routing.ts';

/** A route that asks for nothing beyond what is given. */
export function plainRoute<Target = never>(
  route: Pick<Route<Target>, 'id' | 'match' | 'action'> & Partial<Route<Target>>,
): Route<Target> {
  return {
    stripPrefixes: [],
    requestHeaders: undefined,
    responseHeaders: undefined,
    connectTimeoutMs: undefined,
    responseTimeoutMs: undefined,
    retries: undefined,
    maxBodyBytes: undefined,
    access: [],
    basicAuth: undefined,
    rateLimit: undefined,
    ...route,
  };
}
