import { buildReport } from '../../src/load/report/build-report.ts';
import { runLoad } from '../../src/load/engine/run-load.ts';
import { quickScenario, type QuickOptions } from '../../src/load/scenario/quick-scenario.ts';
import { observeLoad } from '../../src/capacity/measured/observe-load.ts';
import type { Bench, Observation } from '../../src/capacity/measured/bench.ts';
import { answer, loadRun, VirtualTime } from '../load/virtual-time.ts';

/** What a service is made of; times in milliseconds. */
export interface ServiceShape {
  /** Requests that one replica works on at a time; others wait. */
  readonly workers: number;
  /** Time of a request that needs nothing shared, such as waiting for somebody else. */
  readonly waitMs?: number;
  /** Time on a processor. */
  readonly cpuMs?: number;
  /** Time under a lock that all replicas share. */
  readonly lockMs?: number;
  /** Time on top under the lock for each other replica there is. */
  readonly lockPerPeerMs?: number;
  /** Processors of the machine. */
  readonly cores?: number;
  /** Every how-many-th request fails. */
  readonly failsEvery?: number;
}

/** Something that only so many can use at a time, first come, first served. */
class Station {
  readonly #time: VirtualTime;
  readonly #waiting: (() => void)[] = [];
  #free: number;
  busyMs = 0;

  constructor(time: VirtualTime, places: number) {
    this.#time = time;
    this.#free = places;
  }

  enter(begin: () => void): void {
    if (this.#free > 0) {
      this.#free -= 1;
      begin();
    } else this.#waiting.push(begin);
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }

  use(durationMs: number, done: () => void): void {
    if (durationMs <= 0) return done();
    this.enter(() => {
      this.#time.after(durationMs, () => {
        this.busyMs += durationMs;
        this.leave();
        done();
      });
    });
  }
}

export interface SyntheticBench extends Bench {
  /** Every number of replicas that it was scaled to. */
  readonly scaledTo: number[];
}

/** A service in virtual time under the real load engine, with the given number of replicas to begin with. */
export function syntheticBench(shape: ServiceShape, replicas = 3): SyntheticBench {
  const cores = shape.cores ?? 64;
  const scaledTo: number[] = [];
  let current = replicas;
  const load = (options: QuickOptions, durationMs: number): Promise<Observation> =>
    observe(shape, current, cores, {
      ...options,
      for: `${Math.round(durationMs * 1.25)}ms`,
      maxInFlight: 10_000,
    });
  return {
    replicas,
    cores,
    scaledTo,
    scaleTo(wanted) {
      scaledTo.push(wanted);
      current = wanted;
      return Promise.resolve();
    },
    loadUsers: (users, durationMs) => load({ users }, durationMs),
    loadRate: (rate, durationMs) => load({ rate }, durationMs),
  };
}

/** Throughput with so many replicas and more users than they need, for comparison with predictions. */
export async function trueThroughput(shape: ServiceShape, replicas: number): Promise<number> {
  const users = shape.workers * 4 * replicas;
  return (await observe(shape, replicas, shape.cores ?? 64, { users, for: '25s' })).throughput;
}

async function observe(
  shape: ServiceShape,
  replicas: number,
  cores: number,
  options: QuickOptions,
): Promise<Observation> {
  const { workers, waitMs = 0, cpuMs = 0, lockMs = 0, lockPerPeerMs = 0, failsEvery } = shape;
  const time = new VirtualTime();
  const [cpu, lock] = [new Station(time, cores), new Station(time, 1)];
  const pools = Array.from({ length: replicas }, () => ({
    station: new Station(time, workers),
    inFlight: 0,
  }));
  const random = seededRandom();
  let sent = 0;
  const sender = {
    send(_: unknown, onReply: (reply: ReturnType<typeof answer>) => void): void {
      sent += 1;
      const status = failsEvery !== undefined && sent % failsEvery === 0 ? 500 : 200;
      const pool = pools.reduce((best, each) => (each.inFlight < best.inFlight ? each : best));
      pool.inFlight += 1;
      // Times differ from request to request, as they do.
      const spread = 0.5 + random();
      // A reply never comes within the call that sends.
      time.after(0, () => {
        pool.station.enter(() => {
          time.after(waitMs * spread, () => {
            cpu.use(cpuMs * spread, () => {
              lock.use(lockMs + lockPerPeerMs * (replicas - 1), () => {
                pool.inFlight -= 1;
                pool.station.leave();
                onReply(answer({ status }));
              });
            });
          });
        });
      });
    },
    cutOff: () => {},
  };
  const scenario = quickScenario('synthetic', options);
  const running = runLoad(loadRun(scenario, sender, time));
  time.run();
  const measurement = await running;
  const report = buildReport(measurement, { scenario, target: '', startedAt: 0, cpuMicros: 0 });
  const machineCpu = cpu.busyMs / (cores * measurement.elapsedMs);
  return observeLoad(report, report.plannedMs * 0.2, machineCpu);
}

/** The same numbers in every run, from 0 to 1 (a linear congruential generator). */
function seededRandom(): () => number {
  let state = 42;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
