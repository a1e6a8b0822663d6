import type { EndpointEntry, PoolEntry, RoutingTable } from '../../balancer-driver.ts';
import type { WorkerEndpoint, WorkerTable } from '../worker/worker-protocol.ts';

/** What is known of an endpoint beside its entry in the table. */
export interface EndpointFacts {
  readonly isActive: boolean;
  readonly isHealthy: boolean;
  /** From when its share ramps up; 0 for a full share at once. */
  readonly activeSince: number;
  readonly drainDeadline: number | undefined;
  readonly isDown: boolean;
  /** It counts as down for now, because only those that pass are asked and it has not been checked. */
  readonly isUnchecked: boolean;
  /** Why the active checks say that it is down. */
  readonly downReason: string | undefined;
}

export type FactsById = ReadonlyMap<string, EndpointFacts>;

/** The facts under a new table; those that stay keep their drain deadline and their ramp. */
export function nextFacts(facts: FactsById, table: RoutingTable, now: number): Map<string, EndpointFacts> {
  const next = new Map<string, EndpointFacts>();
  for (const pool of table.pools) {
    const hadTakers = pool.endpoints.some(({ id }) => takesTraffic(facts.get(id)));
    for (const endpoint of pool.endpoints) {
      next.set(endpoint.id, factsOf(facts.get(endpoint.id), endpoint, pool, hadTakers, now));
    }
  }
  return next;
}

function takesTraffic(facts: EndpointFacts | undefined): boolean {
  return facts !== undefined && facts.isActive && facts.isHealthy && !facts.isDown;
}

function factsOf(
  before: EndpointFacts | undefined,
  endpoint: EndpointEntry,
  pool: PoolEntry,
  hadTakers: boolean,
  now: number,
): EndpointFacts {
  const isActive = endpoint.rotation === 'active';
  const { isHealthy } = endpoint;
  const tookPart = before?.isActive === true && before.isHealthy;
  const takesPart = isActive && isHealthy;
  const verdict =
    takesPart && tookPart
      ? { isDown: before.isDown, isUnchecked: before.isUnchecked, downReason: before.downReason }
      : noVerdict(takesPart && pool.policy.activeHealth.mustPass === true);
  // There is nothing to ramp against when it is the first.
  const activeSince = takesPart && !tookPart ? (hadTakers ? now : 0) : (before?.activeSince ?? 0);
  const drainDeadline = isActive ? undefined : (before?.drainDeadline ?? now + pool.policy.drainTimeoutMs);
  return { isActive, isHealthy, activeSince, drainDeadline, ...verdict };
}

function noVerdict(isAwaited: boolean): Pick<EndpointFacts, 'isDown' | 'isUnchecked' | 'downReason'> {
  return {
    isDown: isAwaited,
    isUnchecked: isAwaited,
    downReason: isAwaited ? 'it has not been checked yet' : undefined,
  };
}

/** The table with the facts, as workers take it. */
export function workerTable(
  table: RoutingTable,
  facts: FactsById,
  roomOf: (endpoint: string) => number | undefined = () => undefined,
): WorkerTable {
  return {
    listeners: table.listeners,
    pools: table.pools.map((pool) => ({
      ...pool,
      endpoints: pool.endpoints.map((endpoint): WorkerEndpoint => {
        const known = facts.get(endpoint.id);
        const deadline = known?.drainDeadline;
        const room = roomOf(endpoint.id);
        return {
          ...endpoint,
          isDown: known?.isDown ?? false,
          activeSince: known?.activeSince ?? 0,
          ...(deadline === undefined ? {} : { drainDeadline: deadline }),
          ...(room === undefined ? {} : { room }),
        };
      }),
    })),
  };
}
