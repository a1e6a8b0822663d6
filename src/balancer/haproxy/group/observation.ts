import type {
  BalancerObservation,
  EndpointEntry,
  EndpointObservation,
  ListenerObservation,
  PoolEntry,
} from '../../balancer-driver.ts';
import { noRequests, plusRequests } from '../../request-figures.ts';
import { poolSections, sectionName, serverName } from '../config/names.ts';
import type { StatRow } from '../process/statistics.ts';
import type { ServiceTable } from '../service-tables.ts';
import type { Ledger } from '../traffic/ledger.ts';
import { histogramOf, responsesOf, totalsOf } from '../traffic/server-counters.ts';
import type { Instances } from './instances.ts';

/** What the HAProxys of a service say together with what was counted before them. */
export function observeGroup(
  table: ServiceTable,
  ledger: Ledger,
  instances: Instances,
  ejected: ReadonlyMap<string, string>,
): BalancerObservation {
  const { rows } = instances;
  const present = instances.current?.rows ?? [];
  const listeners = table.listeners.map(({ id, pool }): ListenerObservation => {
    const name = sectionName(id);
    const { pastRequests, waitedMs, failures } = ledger.listener(name);
    const own = rows.filter(({ proxy, server }) => proxy === name && server === 'FRONTEND');
    const isOpen = present.some(({ proxy, status }) => proxy === name && status === 'OPEN');
    const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
    const requests = own.reduce((sum, row) => sum + row.requests, pastRequests);
    const waiting = queuedAt(pool, rows);
    return { id, isOpen, requests, waiting, waitedMs, failed, failures: { ...failures } };
  });
  return {
    endpoints: table.pools.flatMap((pool) =>
      pool.endpoints.map((endpoint) => observeEndpoint(pool, endpoint, ledger, rows, present, ejected)),
    ),
    // Whatever comes in on a listener goes to its pool.
    pools: table.pools.map(({ id }) => {
      const own = listeners.filter((_, index) => table.listeners[index]?.pool === id);
      return { id, ...own.reduce(plusRequests, noRequests), waiting: queuedAt(id, rows) };
    }),
    listeners,
  };
}

/** Requests that wait for a server of the pool now. */
function queuedAt(pool: string, rows: readonly StatRow[]): number {
  const sections: readonly string[] = Object.values(poolSections(pool));
  return rows
    .filter(({ proxy, server }) => server === 'BACKEND' && sections.includes(proxy))
    .reduce((sum, row) => sum + row.queued, 0);
}

/** Tells whether anything changed that others wait for. */
export function conditionKey({ endpoints, listeners }: BalancerObservation): string {
  return [
    ...endpoints.map(({ id, state, condition }) => `${id} ${state} ${condition}`),
    ...listeners.map(({ id, isOpen }) => `${id} ${isOpen}`),
  ].join('\n');
}

function observeEndpoint(
  pool: PoolEntry,
  endpoint: EndpointEntry,
  ledger: Ledger,
  rows: readonly StatRow[],
  present: readonly StatRow[],
  ejected: ReadonlyMap<string, string>,
): EndpointObservation {
  const name = serverName(endpoint);
  const own = rows.filter(({ server }) => server === name);
  const sum = own.reduce(
    (so, row) => ({
      current: so.current + row.current + row.queued,
      total: so.total + row.total,
      redispatched: so.redispatched + row.redispatched,
    }),
    { current: 0, total: 0, redispatched: 0 },
  );
  const counters = ledger.server(name);
  const { rest, canary } = poolSections(pool.id);
  const checked = present.find(
    ({ proxy, server }) => server === name && (proxy === rest || proxy === canary),
  );
  const isActive = endpoint.rotation === 'active';
  return {
    id: endpoint.id,
    pool: pool.id,
    state: isActive ? 'active' : sum.current > 0 ? 'draining' : 'drained',
    ...conditionOf(endpoint, pool, checked, ejected.get(name)),
    inFlight: sum.current,
    totals: totalsOf(counters, sum),
    responses: responsesOf(counters),
    latency: histogramOf(counters),
  };
}

function conditionOf(
  endpoint: EndpointEntry,
  pool: PoolEntry,
  row: StatRow | undefined,
  ejection: string | undefined,
): Pick<EndpointObservation, 'condition' | 'reason'> {
  if (!endpoint.isHealthy) return { condition: 'down', reason: 'its own health check fails' };
  const mustPass = pool.policy.activeHealth.mustPass === true;
  if (row?.status.startsWith('DOWN') !== true)
    return row === undefined && mustPass ? unchecked : { condition: 'up', reason: undefined };
  if (mustPass && ejection === undefined && isNew(row)) return unchecked;
  return ejection !== undefined
    ? { condition: 'ejected', reason: ejection }
    : { condition: 'down', reason: checkReason(row, pool.policy.activeHealth.path) };
}

const unchecked = { condition: 'unchecked', reason: 'it has not passed its checks yet' } as const;

/** It has not been checked, or not often enough to come up. */
function isNew({ checkStatus }: StatRow): boolean {
  return checkStatus === '' || checkStatus === 'INI' || checkStatus === 'UNK' || checkStatus.endsWith('OK');
}

/** Whether a server is down for what its requests met, and not for what its check says. */
export function isEjectedRow({ status, checkStatus }: StatRow): boolean {
  return status.startsWith('DOWN') && (checkStatus === 'HANA' || checkStatus.endsWith('OK'));
}

/** HAProxy management guide, section 9.1, `check_status`. */
function checkReason({ checkStatus, checkCode, checkText }: StatRow, path: string | undefined): string {
  if (checkStatus.endsWith('TOUT')) return 'no answer in time';
  const request = path === undefined ? 'it' : `GET ${path}`;
  if (checkStatus === 'L7RSP' || /content|match/i.test(checkText))
    return `${request} answered without what is expected`;
  if (checkStatus === 'L7STS') {
    const code = /<(\d{3})>/.exec(checkText)?.[1] ?? (Number(checkCode) > 0 ? checkCode : undefined);
    return `${request} answered ${code ?? 'with another status than is expected'}`;
  }
  return checkText === '' ? `its check ended with ${checkStatus}` : checkText.toLowerCase();
}
