/** What is asked of a service, and what one instance of it can do. */
export interface Demand {
  readonly ratePerSecond: number;
  /** How long a worker is busy with one request, milliseconds. */
  readonly responseMs: number;
  readonly workersPerInstance: number;
  /** Requests that one worker answers at a time; 1 unless it is asynchronous. */
  readonly requestsPerWorker: number;
  /** Share on top that shall stay free, 0.2 for 20 %. */
  readonly headroom: number;
}

export interface CalculatedCapacity {
  /** Requests that are being answered at any moment (Little's law: rate × time). */
  readonly inFlight: number;
  /** Workers that are busy at any moment, with the headroom. */
  readonly workers: number;
  readonly instances: number;
  /** Share of the workers of these instances that is busy, from 0 to 1. */
  readonly utilisation: number;
  /** The most that these instances can answer, per second. */
  readonly highestRate: number;
  /** How long a request waits for a worker on average, milliseconds (Erlang C); undefined: ever longer. */
  readonly waitMs: number | undefined;
}

/**
 * Little's law (J. Little, 1961): the number of requests in a system is the rate at which they come times the time that each
 * stays. Each needs a worker, and each instance has so many.
 */
export function calculateCapacity(demand: Demand): CalculatedCapacity {
  const { ratePerSecond, responseMs, workersPerInstance, requestsPerWorker, headroom } = demand;
  const inFlight = (ratePerSecond * responseMs) / 1000;
  const workers = ceil((inFlight * (1 + headroom)) / requestsPerWorker);
  const instances = Math.max(1, ceil(workers / workersPerInstance));
  const places = instances * workersPerInstance * requestsPerWorker;
  return {
    inFlight,
    workers,
    instances,
    utilisation: inFlight / places,
    highestRate: (places * 1000) / responseMs,
    waitMs: meanWaitMs(inFlight, places, responseMs),
  };
}

/** Up, but not for what is only the rounding of doubles: 0.1 × 30 are 3 workers. */
function ceil(value: number): number {
  return Math.ceil(value - 1e-9);
}

/**
 * Mean wait in a queue with `places` servers and random arrivals (Erlang C, by way of the recursion of Erlang B, which
 * never overflows).
 */
function meanWaitMs(load: number, places: number, responseMs: number): number | undefined {
  if (load >= places) return undefined;
  let blocked = 1;
  for (let place = 1; place <= places; place += 1) blocked = (load * blocked) / (place + load * blocked);
  const waits = blocked / (1 - (load / places) * (1 - blocked));
  return (waits * responseMs) / (places - load);
}
