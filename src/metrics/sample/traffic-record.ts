import type { BalancerObservation } from '../../balancer/balancer-driver.ts';
import {
  CarriedFigures,
  type EndpointFigures,
  type ListenerFigures,
  plusEndpoint,
  plusListener,
} from './carried-traffic.ts';

/** The balancer's counters, by endpoint and by listener, as something that only grows. */
export class TrafficRecord {
  readonly #endpoints = new CarriedFigures<EndpointFigures>({
    plus: plusEndpoint,
    countOf: ({ totals }) => totals.requests,
    atRest: (figures) => ({ ...figures, inFlight: 0 }),
  });
  readonly #listeners = new CarriedFigures<ListenerFigures>({
    plus: plusListener,
    countOf: ({ requests }) => requests,
    atRest: (figures) => ({ ...figures, waiting: 0 }),
  });

  update({ endpoints, listeners }: BalancerObservation): void {
    this.#endpoints.update(new Map(endpoints.map((endpoint) => [endpoint.id, endpoint])));
    this.#listeners.update(new Map(listeners.map((listener) => [listener.id, listener])));
  }

  endpoint(id: string): EndpointFigures | undefined {
    return this.#endpoints.get(id);
  }

  listener(id: string): ListenerFigures | undefined {
    return this.#listeners.get(id);
  }

  keepOnly(endpoints: ReadonlySet<string>, listeners: ReadonlySet<string>): void {
    this.#endpoints.keepOnly(endpoints);
    this.#listeners.keepOnly(listeners);
  }
}
