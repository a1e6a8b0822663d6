import type { RoutingTable } from '../balancer-driver.ts';
import type { BalancingPolicy } from '../../model/balancing.ts';
import { TenfoldError } from '../../shared/errors.ts';

/** What HAProxy has no like of, by its name under `x-tenfold`, and why. */
const unsupportedPolicies: readonly {
  readonly key: string;
  readonly isUsed: (policy: BalancingPolicy) => boolean;
  readonly why: string;
}[] = [
  {
    key: 'algorithm: least_time',
    isUsed: ({ algorithm }) => algorithm === 'least_time',
    why: 'HAProxy does not choose by response times',
  },
  {
    key: 'latency_outlier',
    isUsed: ({ latencyOutlier }) => latencyOutlier !== undefined,
    why: 'HAProxy does not compare the response times of servers',
  },
  {
    key: 'panic_share',
    isUsed: ({ panicShare }) => panicShare !== undefined,
    why: 'HAProxy asks the others only when no healthy server is left',
  },
  {
    key: 'circuit_breaker',
    isUsed: ({ circuitBreaker }) => circuitBreaker !== undefined,
    why: 'HAProxy has no state between open and closed for a whole backend',
  },
];

/** The names of what the policy asks for and HAProxy cannot do, each with the reason. */
export function unsupportedBy(
  policy: BalancingPolicy,
): readonly { readonly key: string; readonly why: string }[] {
  return unsupportedPolicies.filter(({ isUsed }) => isUsed(policy));
}

/** Throws `invalid-compose` with all that cannot be carried; a compose file is refused for the same before this. */
export function refuseUnsupported(table: RoutingTable): void {
  const errors = [
    ...table.pools.flatMap((pool) =>
      unsupportedBy(pool.policy).map(({ key, why }) => refusal(`${pool.stack}/${pool.service}`, key, why)),
    ),
    ...table.listeners.flatMap((listener) => [
      ...(listener.routes === undefined || listener.routes.length === 0
        ? []
        : [refusal(listener.id, 'routes', 'requests are routed by the embedded proxy only')]),
      ...(listener.edge === undefined
        ? []
        : [refusal(listener.id, 'edge', 'what an edge demands is enforced by the embedded proxy only')]),
    ]),
  ];
  const [first] = errors;
  if (first === undefined) return;
  if (errors.length === 1) throw first;
  throw new TenfoldError(
    'invalid-compose',
    `${errors.length} things are asked of HAProxy that it cannot do`,
    {
      errors,
    },
  );
}

function refusal(where: string, key: string, why: string): TenfoldError {
  return new TenfoldError('invalid-compose', `${where}: \`${key}\` does not go with \`balancer: haproxy\``, {
    expected: 'what docs/haproxy.md lists as carried',
    got: why,
    hint: 'Take the key out, or let the embedded proxy carry the service (`balancer: proxy`).',
  });
}
