import { Histogram } from './histogram.ts';

/** What happened within one stretch of the test. Requests count where they ended, `sent` where they began. */
export interface IntervalRow {
  /** Milliseconds from the start of the test. */
  readonly startMs: number;
  readonly endMs: number;
  /** Users, or requests per second, that the scenario wanted at the end of it. */
  readonly level: number;
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  readonly dropped: number;
  /** At its end. */
  readonly inFlight: number;
  readonly bytes: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** The stretch that is under way. */
export class Interval {
  readonly latency = new Histogram();
  sent = 0;
  answered = 0;
  failed = 0;
  dropped = 0;
  bytes = 0;
  #startMs = 0;

  /** Closes it and begins the next; undefined when it had no length. */
  close(endMs: number, level: number, inFlight: number): IntervalRow | undefined {
    const startMs = this.#startMs;
    if (endMs <= startMs) return undefined;
    const { sent, answered, failed, dropped, bytes, latency } = this;
    const [p50Ms = 0, p95Ms = 0, p99Ms = 0] = latency.percentilesMs([50, 95, 99]);
    const { maxMs } = latency;
    this.#startMs = endMs;
    this.sent = this.answered = this.failed = this.dropped = this.bytes = 0;
    latency.clear();
    return {
      startMs,
      endMs,
      level,
      sent,
      answered,
      failed,
      dropped,
      inFlight,
      bytes,
      p50Ms,
      p95Ms,
      p99Ms,
      maxMs,
    };
  }
}

const lengthsMs = [250, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000] as const;
const wantedRows = 120;

/** Length of a stretch such that a test has at most some hundred of them, milliseconds. */
export function intervalLengthMs(testMs: number): number {
  return lengthsMs.find((each) => testMs / each <= wantedRows) ?? 3_600_000;
}
