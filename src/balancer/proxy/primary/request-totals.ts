import type { RequestReport } from '../worker/worker-protocol.ts';

export interface RequestSum {
  readonly requests: number;
  /** Now. */
  readonly waiting: number;
  readonly waitedMs: number;
  readonly failures: Readonly<Record<string, number>>;
}

const noRequests: RequestSum = { requests: 0, waiting: 0, waitedMs: 0, failures: {} };

/** What was counted of requests at each listener, or at each pool, over all workers and those that are no more. */
export class RequestTotals {
  readonly #workers = new Map<number, Map<string, RequestReport>>();
  readonly #past = new Map<string, RequestSum>();

  add(worker: number, reports: readonly RequestReport[]): void {
    let latest = this.#workers.get(worker);
    if (latest === undefined) {
      latest = new Map();
      this.#workers.set(worker, latest);
    }
    for (const report of reports) latest.set(report.id, report);
  }

  /** What was in flight in the worker has failed. */
  lose(worker: number): void {
    for (const [id, report] of this.#workers.get(worker) ?? []) {
      const sum = plus(this.#past.get(id) ?? noRequests, { ...report, waiting: 0 });
      const lost = report.inFlight === 0 ? {} : { 'worker-lost': report.inFlight };
      this.#past.set(id, { ...sum, failures: plusFailures(sum.failures, lost) });
    }
    this.#workers.delete(worker);
  }

  keepOnly(ids: ReadonlySet<string>): void {
    for (const map of [this.#past, ...this.#workers.values()])
      for (const id of map.keys()) if (!ids.has(id)) map.delete(id);
  }

  sum(id: string): RequestSum {
    let sum = this.#past.get(id) ?? noRequests;
    for (const latest of this.#workers.values()) {
      const report = latest.get(id);
      if (report !== undefined) sum = plus(sum, report);
    }
    return sum;
  }
}

function plus(one: RequestSum, other: RequestSum): RequestSum {
  return {
    requests: one.requests + other.requests,
    waiting: one.waiting + other.waiting,
    waitedMs: one.waitedMs + other.waitedMs,
    failures: plusFailures(one.failures, other.failures),
  };
}

function plusFailures(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const sum: Record<string, number> = { ...one };
  for (const [kind, count] of Object.entries(other)) sum[kind] = (sum[kind] ?? 0) + count;
  return sum;
}
