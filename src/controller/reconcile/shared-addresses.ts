import type { ListenerEntry, PoolEntry, RouteEntry } from '../../balancer/balancer-driver.ts';
import { entrypointId, poolId, type Desired } from '../desired.ts';
import type { Entrypoint, Route } from '../../model/routing.ts';
import { isRunning, type Observed } from '../observed.ts';
import { plainRoute } from '../../shared/plain-route.ts';
import type { Draft } from './draft.ts';

/** The routes of a listener, as the balancer takes them. */
export function routeEntries(stackName: string, routes: readonly Route[]): readonly RouteEntry[] {
  return routes.map((route) => {
    const { action } = route;
    if (action.kind !== 'forward') return { ...route, action };
    const { service, target } = action.to;
    return { ...route, action: { kind: 'forward', to: { pool: poolId(stackName, service, target) } } };
  });
}

/**
 * Opens the addresses that services share, as long as one of the services runs or shall run. A route that leads to a pool that
 * is not there answers 503: left out, its requests would go to another service.
 */
export function planSharedAddresses(draft: Draft, desired: Desired, observed: Observed): void {
  const { entrypoints = [], services } = desired.stack;
  const isWanted = Object.values(services).some(
    ({ name }) =>
      desired.services[name]?.phase === 'running' || observed.byService.get(name)?.some(isRunning) === true,
  );
  const anyService = Object.values(services)[0];
  if (isWanted && anyService !== undefined) {
    for (const entrypoint of entrypoints) {
      const pool = unroutedPool(entrypoint, desired.stack.name, anyService.balancing);
      draft.pools.push(pool);
      draft.listeners.push(entrypointListener(entrypoint, desired.stack.name, pool));
    }
  }
  const pools = new Set(draft.pools.map(({ id }) => id));
  for (const [index, listener] of draft.listeners.entries()) {
    const { routes } = listener;
    if (routes === undefined || routes.every((route) => leadsSomewhere(route, pools))) continue;
    const sound = routes.map((route) => (leadsSomewhere(route, pools) ? route : closed(route)));
    draft.listeners[index] = { ...listener, routes: sound };
  }
}

function leadsSomewhere({ action }: RouteEntry, pools: ReadonlySet<string>): boolean {
  return action.kind !== 'forward' || pools.has(action.to.pool);
}

function closed(route: RouteEntry): RouteEntry {
  const page = { contentType: 'text/plain; charset=utf-8', body: 'The service is not running.\n' };
  return { ...route, action: { kind: 'maintenance', page, retryAfterSeconds: 1 } };
}

/** Behind every route of an entrypoint there is one that nobody else takes. */
function entrypointListener(
  { name, hostIp, port, routes, edge }: Entrypoint,
  stackName: string,
  pool: PoolEntry,
): ListenerEntry {
  return {
    id: entrypointId(stackName, name, port),
    hostIp,
    port,
    protocol: 'http',
    pool: pool.id,
    routes: [...routeEntries(stackName, routes), notFound],
    ...(edge !== undefined && { edge }),
  };
}

const notFound: RouteEntry = plainRoute({
  id: 'nobody',
  match: { kind: 'all', of: [] },
  action: {
    kind: 'respond',
    status: 404,
    page: {
      contentType: 'text/plain; charset=utf-8',
      body: '404 Not Found: no route matches this request\n',
    },
    headers: [],
  },
});

/** A listener has a pool in any case; this one is never asked. */
function unroutedPool({ name, port }: Entrypoint, stackName: string, policy: PoolEntry['policy']): PoolEntry {
  return {
    id: entrypointId(stackName, name, port),
    stack: stackName,
    service: `@${name}`,
    policy,
    endpoints: [],
    emptyReason: `no route of ${name} matches this request`,
  };
}
