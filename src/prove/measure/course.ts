import { Histogram } from '../../load/measure/histogram.ts';
import type { ProofRequest } from './proof-request.ts';

/** A stretch of the run. Requests count where they ended, `due` where they were meant to go out. */
export interface CourseRow {
  /** Milliseconds from the start of the load. */
  readonly startMs: number;
  readonly endMs: number;
  readonly due: number;
  readonly good: number;
  readonly failed: number;
  /** Latencies; undefined when nothing was answered. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

const lengthsMs = [100, 200, 250, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000] as const;
const wantedRows = 120;

/** The course of a run in rows of one length, about a hundred at most; the last may be shorter. */
export function courseOf(requests: readonly ProofRequest[], elapsedMs: number): CourseRow[] {
  const lengthMs = lengthsMs.find((each) => elapsedMs / each <= wantedRows) ?? 3_600_000;
  const rows = Array.from({ length: Math.ceil(elapsedMs / lengthMs) }, () => ({
    due: 0,
    ended: new Array<ProofRequest>(),
  }));
  const rowAt = (timeMs: number) => rows[Math.min(rows.length - 1, Math.floor(timeMs / lengthMs))];
  for (const request of requests) {
    const dueRow = rowAt(request.dueMs);
    if (dueRow !== undefined) dueRow.due += 1;
    rowAt(request.endedMs)?.ended.push(request);
  }
  const latencies = new Histogram();
  return rows.map(({ due, ended }, index) => {
    latencies.clear();
    let failed = 0;
    for (const { fault, latencyMs } of ended) {
      if (fault !== undefined) failed += 1;
      if (latencyMs !== undefined) latencies.record(latencyMs);
    }
    const [p50Ms, p99Ms] = latencies.count === 0 ? [] : latencies.percentilesMs([50, 99]);
    return {
      startMs: index * lengthMs,
      endMs: Math.min(elapsedMs, (index + 1) * lengthMs),
      due,
      good: ended.length - failed,
      failed,
      p50Ms,
      p99Ms,
    };
  });
}
