import { Histogram } from '../../load/measure/histogram.ts';
import type { PhaseName } from '../objective.ts';
import type { ProofRequest } from './proof-request.ts';

/** When the change was at work, milliseconds from the start of the load. */
export interface ChangeSpan {
  readonly startMs: number;
  /** The stack was steady again; undefined: it never was. */
  readonly steadyMs: number | undefined;
}

/** Latencies in milliseconds; 0 when nothing was answered. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly mean: number;
  readonly max: number;
}

/** One of the three parts of a run. */
export interface Phase {
  readonly name: PhaseName;
  readonly startMs: number;
  readonly endMs: number;
  readonly requests: number;
  readonly failed: number;
  readonly latencyMs: Latencies;
}

/**
 * The phase that a request belongs to: `before` when it had ended by the time the change began, `after` when it was
 * due once the stack was steady; all that the change could touch is `during`. Without a change, all is `before`.
 */
export function phaseOf({ dueMs, endedMs }: ProofRequest, span: ChangeSpan | undefined): PhaseName {
  if (span === undefined || endedMs < span.startMs) return 'before';
  return span.steadyMs !== undefined && dueMs >= span.steadyMs ? 'after' : 'during';
}

/** The phases that there were, in their order. */
export function measurePhases(
  requests: readonly ProofRequest[],
  span: ChangeSpan | undefined,
  elapsedMs: number,
): Phase[] {
  const changeMs = span?.startMs ?? elapsedMs;
  const steadyMs = span?.steadyMs ?? elapsedMs;
  const bounds: Readonly<Record<PhaseName, readonly [number, number]>> = {
    before: [0, changeMs],
    during: [changeMs, steadyMs],
    after: [steadyMs, elapsedMs],
  };
  const names: readonly PhaseName[] = span === undefined ? ['before'] : ['before', 'during', 'after'];
  return names.map((name) => {
    const members = requests.filter((request) => phaseOf(request, span) === name);
    const [startMs, endMs] = bounds[name];
    return {
      name,
      startMs,
      endMs,
      requests: members.length,
      failed: members.filter(({ fault }) => fault !== undefined).length,
      latencyMs: summariseLatencies(latenciesOf(members)),
    };
  });
}

export function latenciesOf(requests: readonly ProofRequest[]): Histogram {
  const latencies = new Histogram();
  for (const { latencyMs } of requests) if (latencyMs !== undefined) latencies.record(latencyMs);
  return latencies;
}

export function summariseLatencies(latencies: Histogram): Latencies {
  const [p50 = 0, p99 = 0] = latencies.percentilesMs([50, 99]);
  return { p50, p99, mean: latencies.meanMs, max: latencies.maxMs };
}
