import type { CommandResult, ReplicaUsage } from '../runtime-driver.ts';

/** The start for which a behaviour is asked. */
export interface MemoryStart {
  readonly stack: string;
  readonly service: string;
  readonly index: number;
  readonly revision: string;
  /** From 1; counts the starts of this very replica. */
  readonly attempt: number;
}

/** How a pretended replica behaves after one start. What is left out happens at once, or never goes wrong. */
export interface MemoryBehaviour {
  /** Time that the start takes. */
  readonly startMs?: number;
  /** The start fails, with this reason. */
  readonly startError?: string;
  /** From start to healthy. */
  readonly healthyAfterMs?: number | 'never';
  /** From start to unhealthy. */
  readonly unhealthyAfterMs?: number;
  /** It ends by itself. */
  readonly exit?: { readonly afterMs: number; readonly code: number };
  /** Time from the stop signal to its end. */
  readonly stopMs?: number;
  /** Ends by SIGKILL only. */
  readonly ignoresStopSignal?: boolean;
  /** Lines printed at its start. */
  readonly prints?: readonly { readonly stream: 'stdout' | 'stderr'; readonly text: string }[];
  /** What it uses at an age; without this nothing at all. */
  readonly usageAt?: (ageMs: number) => Partial<Omit<ReplicaUsage, 'replicaId'>>;
  /** What a command beside it gives; without this every command succeeds and says that it was not run. */
  readonly runCommand?: (words: readonly string[]) => CommandResult;
}
