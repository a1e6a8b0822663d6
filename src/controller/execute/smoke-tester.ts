import type { Replica } from '../../model/replica.ts';
import type { Service } from '../../model/service.ts';
import type { Stack } from '../../model/stack.ts';

/** The new set of a service that waits for its first request. */
export interface SmokeSubject {
  readonly stack: Stack;
  readonly service: Service;
  /** Running replicas of the new revision. */
  readonly replicas: readonly Replica[];
}

/** Runs the service's `rollout.smoke`. Throws `replica-failed`, with what the test said, when it does not pass. */
export type SmokeTester = (subject: SmokeSubject, signal: AbortSignal) => Promise<void>;
