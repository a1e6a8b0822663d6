import type { BalancerObservation, RequestFigures, TrafficTotals } from '../../balancer/balancer-driver.ts';

/** Counters of one service, summed over all of its endpoints and pools that ever were. They only grow. */
export interface ServiceTraffic {
  readonly requests: number;
  readonly failed: number;
  readonly drained: number;
  readonly forced: number;
  readonly forcedStreams: number;
  readonly retried: number;
  readonly failures: Readonly<Record<string, number>>;
}

export const noTraffic: ServiceTraffic = {
  requests: 0,
  failed: 0,
  drained: 0,
  forced: 0,
  forcedStreams: 0,
  retried: 0,
  failures: {},
};

interface Seen {
  readonly totals: Pick<TrafficTotals, 'drained' | 'forced' | 'forcedStreams' | 'retried'>;
}

/**
 * Keeps the sums that a change's report is made of. Endpoints come and go, and a balancer that was started anew
 * counts from zero: growth since the last look is added, so nothing that was counted is lost.
 */
export class TrafficLedger {
  readonly #services = new Map<string, ServiceTraffic>();
  readonly #endpoints = new Map<string, Seen>();
  /** By carrier and id. */
  readonly #pools = new Map<string, RequestFigures>();

  /** `serviceOf` names the service of a pool id; undefined for another stack's. */
  update(observation: BalancerObservation, serviceOf: (id: string) => string | undefined): void {
    for (const { id, pool, totals } of observation.endpoints) {
      const service = serviceOf(pool);
      if (service === undefined) continue;
      const before = this.#endpoints.get(id)?.totals;
      this.#endpoints.set(id, { totals });
      this.#add(service, {
        ...noTraffic,
        drained: growth(before?.drained, totals.drained),
        forced: growth(before?.forced, totals.forced),
        forcedStreams: growth(before?.forcedStreams, totals.forcedStreams ?? 0),
        retried: growth(before?.retried, totals.retried),
      });
    }
    for (const pool of observation.pools) {
      const service = serviceOf(pool.id);
      if (service === undefined) continue;
      const key = `${pool.carrier ?? ''} ${pool.id}`;
      const before = this.#pools.get(key);
      this.#pools.set(key, pool);
      this.#add(service, {
        ...noTraffic,
        requests: growth(before?.requests, pool.requests),
        failed: growth(before?.failed, pool.failed),
        failures: Object.fromEntries(
          Object.entries(pool.failures).map(([kind, count]) => [kind, growth(before?.failures[kind], count)]),
        ),
      });
    }
    const present = new Set(observation.endpoints.map(({ id }) => id));
    for (const id of this.#endpoints.keys()) if (!present.has(id)) this.#endpoints.delete(id);
  }

  /** Sum over the named services. */
  totals(services: Iterable<string>): ServiceTraffic {
    let sum = noTraffic;
    for (const service of services) sum = addTraffic(sum, this.#services.get(service) ?? noTraffic, 1);
    return sum;
  }

  #add(service: string, traffic: ServiceTraffic): void {
    this.#services.set(service, addTraffic(this.#services.get(service) ?? noTraffic, traffic, 1));
  }
}

/** What was counted between two sums. */
export function trafficBetween(before: ServiceTraffic, after: ServiceTraffic): ServiceTraffic {
  return addTraffic(after, before, -1);
}

function addTraffic(sum: ServiceTraffic, other: ServiceTraffic, sign: 1 | -1): ServiceTraffic {
  const kinds = new Set([...Object.keys(sum.failures), ...Object.keys(other.failures)]);
  const failures = [...kinds].map(
    (kind) => [kind, (sum.failures[kind] ?? 0) + sign * (other.failures[kind] ?? 0)] as const,
  );
  return {
    requests: sum.requests + sign * other.requests,
    failed: sum.failed + sign * other.failed,
    drained: sum.drained + sign * other.drained,
    forced: sum.forced + sign * other.forced,
    forcedStreams: sum.forcedStreams + sign * other.forcedStreams,
    retried: sum.retried + sign * other.retried,
    failures: Object.fromEntries(failures.filter(([, count]) => count !== 0)),
  };
}

function growth(before: number | undefined, now: number): number {
  return before === undefined || now < before ? now : now - before;
}
