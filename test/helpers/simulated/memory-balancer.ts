import type {
  BalancerDriver,
  BalancerObservation,
  EndpointObservation,
  LatencyHistogram,
  ListenerObservation,
  PoolObservation,
  RequestFigures,
  RoutingTable,
} from '../../../src/balancer/balancer-driver.ts';
import { emptyLatency } from '../../../src/balancer/latency-histogram.ts';
import { noRequests } from '../../../src/balancer/request-figures.ts';

const noTotals = { requests: 0, completed: 0, failed: 0, retried: 0, drained: 0, forced: 0 };

/**
 * A balancer that carries no traffic: it acknowledges at once, and what drains is drained when the test says that
 * nothing is in flight any more (at once, unless `inFlight` says otherwise). Records every table.
 */
export class MemoryBalancer implements BalancerDriver {
  readonly name = 'memory';
  readonly tables: RoutingTable[] = [];
  /** Requests in flight by instance. */
  readonly inFlight = new Map<string, number>();
  /** Responses by class, and their durations, by instance. */
  readonly responses = new Map<string, EndpointObservation['responses']>();
  readonly latency = new Map<string, LatencyHistogram>();
  /** What was counted of the requests, by pool. */
  readonly requests = new Map<string, RequestFigures>();
  /** What it says of an instance in a pool, as `demo/web:80 web-1`; up where nothing is said. */
  readonly conditions = new Map<string, EndpointObservation['condition']>();
  readonly #watchers = new Set<() => void>();
  isReachable = true;
  /** What it answers to a table instead of taking it. */
  refusalOf: (table: RoutingTable) => Error | undefined = () => undefined;

  apply(table: RoutingTable): Promise<void> {
    const refusal = this.refusalOf(table);
    if (refusal !== undefined) return Promise.reject(refusal);
    this.tables.push(table);
    this.changed();
    return Promise.resolve();
  }

  table(): Promise<RoutingTable | undefined> {
    return Promise.resolve(this.tables.at(-1));
  }

  observe(): Promise<BalancerObservation> {
    const [endpoints, pools, listeners] = [this.endpoints(), this.pools(), this.listeners()];
    return Promise.resolve({ endpoints, pools, listeners });
  }

  watch(onChange: () => void, signal: AbortSignal): void {
    this.#watchers.add(onChange);
    signal.addEventListener('abort', () => this.#watchers.delete(onChange), { once: true });
  }

  /** Instances that take new requests, of one pool or all. */
  inRotation(pool?: string): readonly string[] {
    const pools = this.tables.at(-1)?.pools.filter(({ id }) => pool === undefined || id === pool) ?? [];
    return pools.flatMap(({ endpoints }) =>
      endpoints.filter(({ rotation }) => rotation === 'active').map(({ instance }) => instance),
    );
  }

  changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  endpoints(): EndpointObservation[] {
    return (this.tables.at(-1)?.pools ?? []).flatMap((pool) =>
      pool.endpoints.map((endpoint) => {
        const inFlight = this.inFlight.get(endpoint.instance) ?? 0;
        const state = endpoint.rotation === 'active' ? 'active' : inFlight > 0 ? 'draining' : 'drained';
        return {
          id: endpoint.id,
          pool: pool.id,
          state,
          condition: this.conditions.get(`${pool.id} ${endpoint.instance}`) ?? 'up',
          reason: undefined,
          inFlight,
          totals: noTotals,
          responses: this.responses.get(endpoint.instance) ?? [0, 0, 0, 0, 0],
          latency: this.latency.get(endpoint.instance) ?? emptyLatency,
        };
      }),
    );
  }

  pools(): PoolObservation[] {
    return (this.tables.at(-1)?.pools ?? []).map(({ id }) => ({
      id,
      ...(this.requests.get(id) ?? noRequests),
    }));
  }

  listeners(): ListenerObservation[] {
    return (this.tables.at(-1)?.listeners ?? []).map(({ id }) => ({ id, isOpen: true, ...noRequests }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
