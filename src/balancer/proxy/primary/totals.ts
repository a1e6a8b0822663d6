import type { TrafficTotals, BalancerFigures } from '../../balancer-driver.ts';
import { type Answers, noAnswers, plusAnswers } from '../visibility/answers.ts';
import { figuresAtRest, noFigures, plusFigures } from '../../balancer-figures.ts';
import type { EndpointReport, WorkerNotice } from '../worker/worker-protocol.ts';
import { type RequestSum, RequestTotals } from './request-totals.ts';

export interface EndpointSum extends TrafficTotals {
  readonly inFlight: number;
  /** Ejected in at least one worker. */
  readonly isEjected: boolean;
  readonly ejectedReason: string;
}

interface WorkerFigures {
  readonly endpoints: Map<string, EndpointReport>;
  readonly answers: Map<string, Answers>;
}

const nothing: TrafficTotals = { requests: 0, completed: 0, failed: 0, retried: 0, drained: 0, forced: 0 };

/** Counters over all workers, and over those that are no more. */
export class Totals {
  readonly #workers = new Map<number, WorkerFigures>();
  readonly #pastEndpoints = new Map<string, TrafficTotals>();
  readonly #pastAnswers = new Map<string, Answers>();
  readonly #figures = new Map<number, BalancerFigures>();
  #pastFigures = noFigures;
  readonly #listeners = new RequestTotals();
  readonly #pools = new RequestTotals();

  add(worker: number, report: Extract<WorkerNotice, { type: 'report' }>): void {
    let figures = this.#workers.get(worker);
    if (figures === undefined) {
      figures = { endpoints: new Map(), answers: new Map() };
      this.#workers.set(worker, figures);
    }
    for (const endpoint of report.endpoints) {
      figures.endpoints.set(endpoint.id, endpoint);
      if (endpoint.answers !== undefined) figures.answers.set(endpoint.id, endpoint.answers);
    }
    this.#listeners.add(worker, report.listeners);
    this.#pools.add(worker, report.pools);
    if (report.figures !== undefined) this.#figures.set(worker, report.figures);
  }

  /** A worker died: its counters stay, and what was in flight in it has failed. */
  lose(worker: number): void {
    const figures = this.#workers.get(worker);
    if (figures === undefined) return;
    this.#workers.delete(worker);
    this.#pastFigures = plusFigures(this.#pastFigures, figuresAtRest(this.#figures.get(worker) ?? noFigures));
    this.#figures.delete(worker);
    for (const [id, report] of figures.endpoints) {
      this.#pastEndpoints.set(id, plus(this.#pastEndpoints.get(id) ?? nothing, report));
    }
    for (const [id, answers] of figures.answers) {
      this.#pastAnswers.set(id, plusAnswers(this.#pastAnswers.get(id) ?? noAnswers, answers));
    }
    this.#listeners.lose(worker);
    this.#pools.lose(worker);
  }

  /** Forgets what is no longer in the table. */
  keepOnly(endpoints: ReadonlySet<string>, pools: ReadonlySet<string>, listeners: ReadonlySet<string>): void {
    const prune = (map: Map<string, unknown>, kept: ReadonlySet<string>): void => {
      for (const id of map.keys()) if (!kept.has(id)) map.delete(id);
    };
    prune(this.#pastEndpoints, endpoints);
    prune(this.#pastAnswers, endpoints);
    this.#listeners.keepOnly(listeners);
    this.#pools.keepOnly(pools);
    for (const figures of this.#workers.values()) {
      prune(figures.endpoints, endpoints);
      prune(figures.answers, endpoints);
    }
  }

  endpoint(id: string): EndpointSum {
    let sum = this.#pastEndpoints.get(id) ?? nothing;
    let inFlight = 0;
    let isEjected = false;
    let ejectedReason = '';
    for (const { endpoints } of this.#workers.values()) {
      const report = endpoints.get(id);
      if (report === undefined) continue;
      sum = plus(sum, report);
      inFlight += report.inFlight;
      if (report.ejectedUntil === 0) continue;
      isEjected = true;
      ejectedReason = report.ejectedReason;
    }
    return { ...sum, inFlight, isEjected, ejectedReason };
  }

  answers(id: string): Answers {
    let sum = this.#pastAnswers.get(id) ?? noAnswers;
    for (const figures of this.#workers.values()) {
      const answers = figures.answers.get(id);
      if (answers !== undefined) sum = plusAnswers(sum, answers);
    }
    return sum;
  }

  get figures(): BalancerFigures {
    return Array.from(this.#figures.values()).reduce(plusFigures, this.#pastFigures);
  }

  listener(id: string): RequestSum {
    return this.#listeners.sum(id);
  }

  pool(id: string): RequestSum {
    return this.#pools.sum(id);
  }
}

function plus(one: TrafficTotals, other: TrafficTotals): TrafficTotals {
  return {
    requests: one.requests + other.requests,
    completed: one.completed + other.completed,
    failed: one.failed + other.failed,
    retried: one.retried + other.retried,
    drained: one.drained + other.drained,
    forced: one.forced + other.forced,
    forcedStreams: (one.forcedStreams ?? 0) + (other.forcedStreams ?? 0),
  };
}
