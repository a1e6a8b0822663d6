import type { FailureKind } from '../worker/failure-kind.ts';

/** Methods that may be sent again when nothing has come back (RFC 9110 section 9.2.2). */
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export function isIdempotent(method: string): boolean {
  return idempotentMethods.has(method);
}

/** How an attempt stood when it failed. */
export interface FailedAttempt {
  readonly kind: FailureKind;
  /** A byte of the request may have reached the replica. */
  readonly isSent: boolean;
  /** A byte of its final response has reached the client. */
  readonly isAnswered: boolean;
  readonly isIdempotent: boolean;
  /** All of the body that was sent is still held. */
  readonly isReplayable: boolean;
  readonly attempts: number;
  readonly retries: number;
}

/** Whether the request may go to another replica. */
export function mayRetry(attempt: FailedAttempt): boolean {
  if (attempt.isAnswered || attempt.attempts > attempt.retries) return false;
  if (!attempt.isSent) return true;
  // A replica that is silent for the whole response timeout would only be joined by a second one.
  if (attempt.kind === 'timeout') return false;
  return attempt.isIdempotent && attempt.isReplayable;
}
