import type {
  BalancerObservation,
  EndpointObservation,
  RequestFigures,
  RoutingTable,
} from '../../balancer-driver.ts';
import type { Answers } from '../visibility/answers.ts';
import type { EndpointFacts, FactsById } from './table-state.ts';
import type { RequestSum } from './request-totals.ts';
import type { EndpointSum, Totals } from './totals.ts';

export type EndpointView = Omit<EndpointObservation, keyof Answers>;

/** The endpoints without their answers, which are dear to sum up. */
export function viewEndpoints(
  table: RoutingTable,
  facts: FactsById,
  totals: Totals,
): readonly EndpointView[] {
  return table.pools.flatMap((pool) =>
    pool.endpoints.map((endpoint): EndpointView => {
      const sum = totals.endpoint(endpoint.id);
      const { inFlight, isEjected: _, ejectedReason: __, ...counters } = sum;
      const state = endpoint.rotation === 'active' ? 'active' : inFlight > 0 ? 'draining' : 'drained';
      return {
        id: endpoint.id,
        pool: pool.id,
        state,
        ...conditionOf(facts.get(endpoint.id), sum),
        inFlight,
        totals: counters,
      };
    }),
  );
}

/** What the table, the checks and the counters say together. */
export function observe(table: RoutingTable, facts: FactsById, totals: Totals): BalancerObservation {
  const endpoints = viewEndpoints(table, facts, totals).map((view): EndpointObservation => ({
    ...view,
    ...totals.answers(view.id),
  }));
  return {
    endpoints,
    pools: table.pools.map(({ id }) => ({ id, ...requestFigures(totals.pool(id)) })),
    listeners: table.listeners.map(({ id }) => ({
      id,
      isOpen: true,
      ...requestFigures(totals.listener(id)),
    })),
    figures: totals.figures,
  };
}

function requestFigures({ requests, waiting, waitedMs, failures }: RequestSum): RequestFigures {
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  return { requests, waiting, waitedMs: Math.round(waitedMs), failed, failures };
}

function conditionOf(
  facts: EndpointFacts | undefined,
  sum: EndpointSum,
): Pick<EndpointObservation, 'condition' | 'reason'> {
  if (facts?.isUnchecked === true) return { condition: 'unchecked', reason: facts.downReason };
  if (facts?.isDown === true) return { condition: 'down', reason: facts.downReason };
  if (sum.isEjected) return { condition: 'ejected', reason: sum.ejectedReason };
  if (facts?.isHealthy === false) return { condition: 'down', reason: 'its own health check fails' };
  return { condition: 'up', reason: undefined };
}
