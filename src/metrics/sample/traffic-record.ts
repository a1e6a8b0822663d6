import type { BalancerObservation, RequestFigures } from '../../balancer/balancer-driver.ts';
import { noRequests, plusRequests } from '../../balancer/request-figures.ts';
import { CarriedFigures, type EndpointFigures, plusEndpoint } from './carried-traffic.ts';

/** The balancer's counters, by endpoint and by pool, as something that only grows. */
export class TrafficRecord {
  readonly #endpoints = new CarriedFigures<EndpointFigures>({
    plus: plusEndpoint,
    countOf: ({ totals }) => totals.requests,
    atRest: (figures) => ({ ...figures, inFlight: 0 }),
  });
  /** By carrier: each counts a pool by itself. */
  readonly #pools = new Map<string, CarriedFigures<RequestFigures>>();

  update({ endpoints, pools }: BalancerObservation): void {
    this.#endpoints.update(new Map(endpoints.map((endpoint) => [endpoint.id, endpoint])));
    const byCarrier = Map.groupBy(pools, ({ carrier = '' }) => carrier);
    for (const carrier of byCarrier.keys()) {
      if (!this.#pools.has(carrier)) this.#pools.set(carrier, carriedRequests());
    }
    for (const [carrier, carried] of this.#pools)
      carried.update(new Map((byCarrier.get(carrier) ?? []).map((pool) => [pool.id, pool])));
  }

  endpoint(id: string): EndpointFigures | undefined {
    return this.#endpoints.get(id);
  }

  /** Over all that carry it. */
  pool(id: string): RequestFigures {
    return Array.from(this.#pools.values(), (carried) => carried.get(id) ?? noRequests).reduce(
      plusRequests,
      noRequests,
    );
  }

  keepOnly(endpoints: ReadonlySet<string>, pools: ReadonlySet<string>): void {
    this.#endpoints.keepOnly(endpoints);
    for (const carried of this.#pools.values()) carried.keepOnly(pools);
  }
}

function carriedRequests(): CarriedFigures<RequestFigures> {
  return new CarriedFigures({
    plus: plusRequests,
    countOf: ({ requests }) => requests,
    atRest: (figures) => ({ ...figures, waiting: 0 }),
  });
}
