import type { BalancerObservation, EndpointObservation, RequestFigures } from '../../balancer-driver.ts';
import { plusAnswers } from '../visibility/answers.ts';
import { figuresAtRest, noFigures, plusFigures } from '../../balancer-figures.ts';
import { plusRequests } from '../../request-figures.ts';

/** Counters go on growing when a proxy is replaced by a new one that begins at nought. */
export class CarriedCounters {
  #proxy: string | undefined;
  #last: BalancerObservation | undefined;
  #endpoints = new Map<string, EndpointObservation>();
  #pools = new Map<string, RequestFigures>();
  #listeners = new Map<string, RequestFigures>();
  #figures = noFigures;

  /** The observation with what earlier proxies had counted; `proxy` tells one from the next. */
  add(observation: BalancerObservation, proxy: string): BalancerObservation {
    if (this.#proxy !== undefined && this.#proxy !== proxy && this.#last !== undefined) {
      this.#endpoints = new Map(this.#last.endpoints.map((endpoint) => [endpoint.id, endpoint]));
      this.#pools = new Map(this.#last.pools.map((pool) => [pool.id, pool]));
      this.#listeners = new Map(this.#last.listeners.map((listener) => [listener.id, listener]));
      this.#figures = figuresAtRest(this.#last.figures ?? noFigures);
    }
    this.#proxy = proxy;
    this.#last = {
      endpoints: observation.endpoints.map((endpoint) => this.#endpoint(endpoint)),
      pools: observation.pools.map((pool) => plusPast(pool, this.#pools.get(pool.id))),
      listeners: observation.listeners.map((listener) =>
        plusPast(listener, this.#listeners.get(listener.id)),
      ),
      figures: plusFigures(this.#figures, observation.figures ?? noFigures),
    };
    return this.#last;
  }

  #endpoint(endpoint: EndpointObservation): EndpointObservation {
    const past = this.#endpoints.get(endpoint.id);
    if (past === undefined) return endpoint;
    const { totals } = endpoint;
    return {
      ...endpoint,
      totals: {
        requests: totals.requests + past.totals.requests,
        completed: totals.completed + past.totals.completed,
        failed: totals.failed + past.totals.failed,
        retried: totals.retried + past.totals.retried,
        drained: totals.drained + past.totals.drained,
        forced: totals.forced + past.totals.forced,
        forcedStreams: (totals.forcedStreams ?? 0) + (past.totals.forcedStreams ?? 0),
      },
      ...plusAnswers(past, endpoint),
    };
  }
}

/** Who waited in a proxy that is no more waits no longer. */
function plusPast<Counted extends RequestFigures>(
  counted: Counted,
  past: RequestFigures | undefined,
): Counted {
  if (past === undefined) return counted;
  return { ...counted, ...plusRequests(counted, { ...past, waiting: 0 }) };
}
