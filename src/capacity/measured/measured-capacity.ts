import type { CapacityFit } from '../fit/choose-model.ts';
import type { CapacityStep, Limit } from '../limit.ts';
import type { Answer } from './answer.ts';

/** What a measurement came to. */
export interface MeasuredCapacity {
  readonly steps: readonly CapacityStep[];
  /** Latencies of one user on one replica, milliseconds. */
  readonly idleMs: { readonly p50: number; readonly p95: number };
  readonly isInterrupted: boolean;
  /** Left out when too little was measured for a curve. */
  readonly evaluated?: {
    readonly fit: CapacityFit;
    readonly limit: Limit;
    /** Replicas up to which each is worth having; undefined: no end is in sight. */
    readonly knee: number | undefined;
  };
  /** Only when something was asked. */
  readonly answer?: Answer;
}
