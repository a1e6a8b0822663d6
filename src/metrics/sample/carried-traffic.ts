import type { EndpointObservation } from '../../balancer/balancer-driver.ts';
import { emptyLatency, plusLatency } from '../../balancer/latency-histogram.ts';

export type EndpointFigures = Pick<EndpointObservation, 'inFlight' | 'totals' | 'responses' | 'latency'>;

export const noEndpointFigures: EndpointFigures = {
  inFlight: 0,
  totals: { requests: 0, completed: 0, failed: 0, retried: 0, drained: 0, forced: 0 },
  responses: [0, 0, 0, 0, 0],
  latency: emptyLatency,
};

export function plusEndpoint(one: EndpointFigures, other: EndpointFigures): EndpointFigures {
  const [a, b] = [one.totals, other.totals];
  return {
    inFlight: one.inFlight + other.inFlight,
    totals: {
      requests: a.requests + b.requests,
      completed: a.completed + b.completed,
      failed: a.failed + b.failed,
      retried: a.retried + b.retried,
      drained: a.drained + b.drained,
      forced: a.forced + b.forced,
    },
    responses: [
      one.responses[0] + other.responses[0],
      one.responses[1] + other.responses[1],
      one.responses[2] + other.responses[2],
      one.responses[3] + other.responses[3],
      one.responses[4] + other.responses[4],
    ],
    latency: plusLatency(one.latency, other.latency),
  };
}

interface Course<Figures> {
  /** What was counted before the balancer began to count anew. */
  before: Figures | undefined;
  last: Figures;
  isPresent: boolean;
}

/**
 * Keeps the counters of things that come and go in a balancer: one that left the table and came back, or whose balancer was
 * replaced, counts from nought there and goes on growing here.
 */
export class CarriedFigures<Figures> {
  readonly #courses = new Map<string, Course<Figures>>();
  readonly #plus: (one: Figures, other: Figures) => Figures;
  readonly #countOf: (figures: Figures) => number;
  /** The figures of something that is not there now: what was counted, and nothing under way. */
  readonly #atRest: (figures: Figures) => Figures;

  constructor(rules: {
    readonly plus: (one: Figures, other: Figures) => Figures;
    readonly countOf: (figures: Figures) => number;
    readonly atRest: (figures: Figures) => Figures;
  }) {
    this.#plus = rules.plus;
    this.#countOf = rules.countOf;
    this.#atRest = rules.atRest;
  }

  update(now: ReadonlyMap<string, Figures>): void {
    for (const [id, course] of this.#courses) course.isPresent = now.has(id);
    for (const [id, figures] of now) {
      const course = this.#courses.get(id);
      if (course === undefined) {
        this.#courses.set(id, { before: undefined, last: figures, isPresent: true });
        continue;
      }
      if (this.#countOf(figures) < this.#countOf(course.last)) {
        const past = this.#atRest(course.last);
        course.before = course.before === undefined ? past : this.#plus(course.before, past);
      }
      course.last = figures;
    }
  }

  /** Undefined: never seen. */
  get(id: string): Figures | undefined {
    const course = this.#courses.get(id);
    if (course === undefined) return undefined;
    const last = course.isPresent ? course.last : this.#atRest(course.last);
    return course.before === undefined ? last : this.#plus(course.before, last);
  }

  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#courses.keys()) if (!ids.has(id)) this.#courses.delete(id);
  }
}
