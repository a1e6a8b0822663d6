import type { IntervalRow } from '../measure/interval.ts';

/** Latencies in milliseconds; all 0 when nothing was answered. */
export interface LatencySummary {
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** A point of the distribution of latencies. */
export interface PercentilePoint {
  readonly percent: number;
  readonly latencyMs: number;
}

export interface ThresholdResult {
  readonly text: string;
  readonly isMet: boolean;
  /** What was measured, in words. */
  readonly got: string;
}

/** All that a load test found, as `--json` prints it. */
export interface LoadReport {
  readonly scenario: string;
  readonly target: string;
  readonly model: 'open' | 'closed';
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Of the schedule. */
  readonly plannedMs: number;
  /** To the end of the last request. */
  readonly elapsedMs: number;
  readonly isInterrupted: boolean;
  readonly sent: number;
  /** Requests that a whole response came to, whatever its status. */
  readonly answered: number;
  /** Requests without a whole response, or with one that failed a check. */
  readonly failed: number;
  /** Of the requests whose fate is known, from 0 to 1. */
  readonly failedShare: number;
  /** Requests that were due and not sent, because too many were in flight; open model only. */
  readonly dropped: number;
  /** Requests in flight when the test was ended early. */
  readonly cutOff: number;
  readonly answeredPerSecond: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Of all answers and of those that timed out, from when the request was meant to go out. */
  readonly latencyMs: LatencySummary;
  /** The same from when requests really went out: without what this machine was late by. */
  readonly latencyFromSendingMs: LatencySummary;
  readonly distribution: readonly PercentilePoint[];
  readonly requests: readonly {
    readonly name: string;
    readonly ended: number;
    readonly failed: number;
    readonly latencyMs: LatencySummary;
    readonly checks: readonly { readonly check: string; readonly passed: number; readonly failed: number }[];
  }[];
  readonly statuses: Readonly<Record<string, number>>;
  /** Why requests failed, the most frequent first. */
  readonly faults: readonly { readonly fault: string; readonly count: number; readonly example?: string }[];
  /** Who answered, by `X-Served-By`. */
  readonly replicas: readonly {
    readonly instance: string;
    readonly answered: number;
    /** Of all that named a replica, from 0 to 1. */
    readonly share: number;
    readonly failed: number;
    readonly latencyMs: LatencySummary;
  }[];
  readonly thresholds: readonly ThresholdResult[];
  readonly intervals: readonly IntervalRow[];
  /** The load generator itself. */
  readonly generator: {
    /** How much later than they were due requests went out. */
    readonly lagMs: { readonly p99: number; readonly max: number };
    /** Cores that it kept busy. */
    readonly cpuCores: number;
    readonly cpuMicrosPerRequest: number;
  };
  /** What a reader has to know to read the figures rightly. */
  readonly remarks: readonly string[];
}
