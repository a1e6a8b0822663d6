import type { BalancingPolicy } from '../../../model/balancing.ts';
import type { RouteEntry } from '../../balancer-driver.ts';
import { AccessList } from '../edge/access.ts';
import { Authorization } from '../edge/passwords/authorization.ts';
import type { PasswordChecker } from '../edge/passwords/password-checker.ts';
import type { PoolState } from '../worker/pool-state.ts';
import { compileMatch, type Predicate } from './compile-match.ts';

export interface CompiledRoute {
  readonly entry: RouteEntry;
  readonly matches: Predicate;
  readonly access: AccessList;
  readonly authorization: Authorization | undefined;
  /** Undefined unless it forwards. */
  readonly pool: PoolState | undefined;
  /** The pool's policy with what the route says instead. */
  policy(): BalancingPolicy | undefined;
}

export function compileRoutes(
  routes: readonly RouteEntry[],
  pools: ReadonlyMap<string, PoolState>,
  checker: PasswordChecker,
): readonly CompiledRoute[] {
  return routes.map((entry) => {
    const pool = entry.action.kind === 'forward' ? pools.get(entry.action.to.pool) : undefined;
    if (entry.action.kind === 'forward' && pool === undefined)
      throw new Error(`route ${entry.id} names no pool: ${entry.action.to.pool}`);
    return {
      entry,
      matches: compileMatch(entry.match),
      access: new AccessList(entry.access),
      authorization: entry.basicAuth && new Authorization(entry.basicAuth, checker),
      pool,
      policy: policyOf(entry, pool),
    };
  });
}

/** The merged policy is made once for each policy of the pool. */
function policyOf(entry: RouteEntry, pool: PoolState | undefined): () => BalancingPolicy | undefined {
  const { connectTimeoutMs, responseTimeoutMs, retries } = entry;
  const own = {
    ...(connectTimeoutMs !== undefined && { connectTimeoutMs }),
    ...(responseTimeoutMs !== undefined && { responseTimeoutMs }),
    ...(retries !== undefined && { retries }),
  };
  if (Object.keys(own).length === 0) return () => pool?.policy;
  let base: BalancingPolicy | undefined;
  let merged: BalancingPolicy | undefined;
  return () => {
    if (pool?.policy !== base) {
      base = pool?.policy;
      merged = base && { ...base, ...own };
    }
    return merged;
  };
}
