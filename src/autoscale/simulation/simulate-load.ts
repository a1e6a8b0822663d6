import type { AutoscalePolicy } from '../../model/autoscale.ts';
import { decide } from '../decide.ts';
import type { Decision } from '../decision.ts';
import type { AutoscaleInput, ReplicaReading, ServiceReading } from '../reading.ts';
import { rounded } from '../rounding.ts';
import { noState, type AutoscaleState } from '../state.ts';
import { lengthOf, loadAt, type LoadTrace } from './load-trace.ts';

export interface SimulatedStep {
  /** Since the beginning. */
  readonly atMs: number;
  readonly requestsPerSecond: number;
  readonly ready: number;
  /** Requests that wait, because more came than the replicas could do. */
  readonly backlog: number;
  readonly decision: Decision;
}

interface Replica {
  readonly index: number;
  readonly startedAt: number;
}

/** Beyond this part of its time a replica of the model is called full: its queue grows without end. */
const fullShare = 0.99;
/** −ln(1 − 0.95): by how much the 95th percentile of an exponential distribution is above its mean. */
const p95OfMean = Math.log(20);

/**
 * Lets a policy scale replicas of a model under a load: one decision each interval, from the readings that the model gives. The
 * first replicas are ready from the start. `startTime` says what the clock shows then, for schedules.
 */
export function* simulateLoad(
  policy: AutoscalePolicy,
  trace: LoadTrace,
  startTime: number,
): Generator<SimulatedStep> {
  const { startMs } = trace.replica;
  let state: AutoscaleState = noState;
  let replicas = grow([], Math.max(policy.min, 1), startTime - startMs);
  let backlog = 0;
  for (let atMs = 0; atMs < lengthOf(trace); atMs += policy.intervalMs) {
    const now = startTime + atMs;
    const rate = loadAt(trace, atMs);
    const ready = replicas.filter(({ startedAt }) => startedAt + startMs <= now).length;
    const capacity = ready * trace.replica.capacity;
    const seconds = policy.intervalMs / 1_000;
    const demand = rate + backlog / seconds;
    backlog = Math.max(0, (demand - capacity) * seconds);
    const service = readModel({
      policy,
      trace,
      replicas,
      ready,
      rate,
      served: Math.min(demand, capacity),
      backlog,
      now,
    });
    const input: AutoscaleInput = {
      now,
      current: replicas.length,
      service,
      queries: policy.metrics.flatMap((target, metric) =>
        target.kind === 'prometheus' ? [{ metric, error: 'a simulation asks nobody' }] : [],
      ),
      connections: [],
      isRollingOut: false,
      isPaused: false,
    };
    const decided = decide({ ...policy, isShadow: false }, state, input);
    state = decided.state;
    yield { atMs, requestsPerSecond: rate, ready, backlog: Math.round(backlog), decision: decided.decision };
    const { to } = decided.decision;
    replicas = to > replicas.length ? grow(replicas, to, now) : replicas.slice(0, to);
  }
}

interface Moment {
  readonly policy: AutoscalePolicy;
  readonly trace: LoadTrace;
  readonly replicas: readonly Replica[];
  readonly ready: number;
  readonly rate: number;
  /** Requests per second that are done. */
  readonly served: number;
  readonly backlog: number;
  readonly now: number;
}

function readModel(moment: Moment): ServiceReading {
  const { policy, trace, replicas, ready, rate, served, backlog, now } = moment;
  const { capacity, startMs, cores, memoryBytes } = trace.replica;
  const busy = ready === 0 ? 0 : Math.min(1, served / (ready * capacity));
  const queue = Math.min(busy, fullShare) / (1 - Math.min(busy, fullShare));
  const slots = policy.metrics.find((target) => target.kind === 'queue_time')?.slots ?? Infinity;
  // Without slots all that is not done yet is in flight; with them, the rest of it waits.
  const each = ready === 0 ? 0 : Math.min(slots, queue + backlog / ready);
  const waiting = ready === 0 ? backlog : Math.max(0, queue * ready + backlog - each * ready);
  const meanMs = served === 0 ? 0 : ((each * ready) / served) * 1_000;
  return {
    requestsPerSecond: rounded(rate),
    waiting: rounded(waiting),
    waitingNow: ready === 0 ? Math.ceil(backlog) : 0,
    ...(served > 0 && {
      p95Ms: rounded(Math.max(p95OfMean * meanMs, 1)),
      queueMs: rounded((waiting / served) * 1_000),
    }),
    replicas: replicas.map(({ index, startedAt }): ReplicaReading => {
      const isReady = startedAt + startMs <= now;
      const state = {
        instance: `simulated-${index}`,
        isReady,
        startedAt,
        readyChangedAt: startedAt + (isReady ? startMs : 0),
      };
      if (!isReady) return state;
      const cpuCores = rounded(busy * cores);
      return {
        ...state,
        cpuCores,
        memoryBytes,
        inFlight: rounded(each),
        requestsPerSecond: rounded(served / ready),
      };
    }),
  };
}

function grow(replicas: readonly Replica[], count: number, startedAt: number): Replica[] {
  const added = Array.from({ length: count - replicas.length }, (_, index) => ({
    index: replicas.length + index + 1,
    startedAt,
  }));
  return [...replicas, ...added];
}
