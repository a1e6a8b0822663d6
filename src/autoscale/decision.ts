import type { MetricKind } from '../model/autoscale.ts';

/** What one metric asks for. */
export interface MetricFinding {
  readonly kind: MetricKind;
  /** `cpu 71 % of 70 %`, or what keeps it from being known. */
  readonly text: string;
  /** In the unit of the target: a share, bytes, a count, milliseconds; of the replicas measured, before any assumption. */
  readonly current?: number;
  readonly target: number;
  /** Replicas that it asks for; undefined: it cannot be known. */
  readonly replicas?: number;
  /** What was assumed of replicas that could not be measured, or why the number is not the plain quotient. */
  readonly note?: string;
}

/** What decided, in one word: the journal tells of a change of it. */
export type DecisionReason =
  /** Nothing asks for another number. */
  | 'on target'
  | 'load'
  | 'bounds'
  | 'stabilization'
  | 'rate'
  | 'disabled'
  | 'memory'
  | 'connections'
  | 'rollout'
  | 'paused'
  | 'unknown'
  | 'idle'
  | 'waking';

export interface Decision {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly reason: DecisionReason;
  /** One sentence for a person: `held at 3: cpu 71 % of 70 % is inside the tolerance`. */
  readonly sentence: string;
  /** Bounds in force at that time. */
  readonly min: number;
  readonly max: number;
  readonly findings: readonly MetricFinding[];
  /** What the metrics together ask for, before bounds, windows, rates and caps. */
  readonly recommended?: number;
}
