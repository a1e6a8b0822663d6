import type { CommandEnding } from './change/run-command.ts';
import type { ReportedChange } from './change/reported-change.ts';
import type { CourseRow } from './measure/course.ts';
import type { Gap } from './measure/longest-gap.ts';
import type { Latencies, Phase } from './measure/phases.ts';
import type { ProofEvent, RotationStep } from './measure/rotation-course.ts';

/** What became of the change. Times are milliseconds from the start of the load. */
export type ProvedChange =
  | { readonly kind: 'not begun'; readonly reason: string }
  | {
      readonly kind: 'begun';
      readonly startMs: number;
      /** Of the command. */
      readonly endMs: number;
      readonly ending: CommandEnding;
      /** When nothing was left to do; undefined: that was not reached. */
      readonly steadyMs: number | undefined;
      /** What the change says of itself, when it is one of tenfold's own. */
      readonly report: ReportedChange | undefined;
    };

export interface ObjectiveResult {
  readonly text: string;
  readonly isMet: boolean;
  /** What was measured, in words. */
  readonly got: string;
}

export interface Verdict {
  readonly isGood: boolean;
  readonly objectives: readonly ObjectiveResult[];
  /** Why it is not good; empty when it is. */
  readonly reasons: readonly string[];
}

/** All that a proof found, as `--json` prints it. */
export interface ProofReport {
  readonly stack: string;
  readonly service: string;
  /** URL that was asked for. */
  readonly target: string;
  /** The command line of the change. */
  readonly command: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly elapsedMs: number;
  readonly load: { readonly ratePerSecond: number; readonly postEvery: number };
  readonly isInterrupted: boolean;
  readonly requests: {
    /** Those whose fate is known: `good` and `failed`. */
    readonly ended: number;
    readonly good: number;
    readonly failed: number;
    /** In flight when the run was interrupted. */
    readonly cutOff: number;
  };
  /** Why requests failed, the most frequent first. */
  readonly failures: readonly {
    readonly failure: string;
    readonly count: number;
    readonly example?: string;
  }[];
  readonly latencyMs: Latencies;
  readonly phases: readonly Phase[];
  readonly longestGap: Gap;
  readonly change: ProvedChange;
  /** The balancer's counts over the run; undefined when nobody could say. */
  readonly traffic:
    { readonly drained: number; readonly forced: number; readonly retried: number } | undefined;
  readonly verdict: Verdict;
  readonly replicas: readonly RotationStep[];
  readonly events: readonly ProofEvent[];
  readonly course: readonly CourseRow[];
  /** What a reader has to know to read the figures rightly. */
  readonly remarks: readonly string[];
}
