import { type GateAnswer, refusal, retryAfter } from '../edge/gate-answer.ts';
import { emptyReasonOf } from '../http/local-response.ts';
import type { FailureKind } from '../worker/failure-kind.ts';
import type { PoolState } from '../worker/pool-state.ts';

/** What the client of a failed request is told; `now` in milliseconds since the epoch. */
export function failureAnswer(kind: FailureKind, pool: PoolState, now: number): GateAnswer {
  const [status, reason] = statusAndReason(kind, pool);
  if (status !== 503) return refusal(status, reason);
  // Room and replicas may be there at any moment; an open circuit says when it lets the next request through.
  const waitMs = kind === 'circuit-open' ? (pool.scrutiny?.circuit?.openUntil ?? 0) - now : 0;
  return { ...refusal(status, reason), retryAfterSeconds: retryAfter(waitMs) };
}

function statusAndReason(kind: FailureKind, pool: PoolState): readonly [status: number, reason: string] {
  switch (kind) {
    case 'no-endpoint':
      return [503, emptyReasonOf(pool)];
    case 'overload':
      return [503, `every replica of ${pool.service} has as many requests as it may have`];
    case 'circuit-open':
      return [503, `too many requests to ${pool.service} failed, so for a while none is sent`];
    case 'connect':
      return [502, 'no connection to a replica could be made'];
    case 'timeout':
      return [504, 'the replica did not answer in time'];
    case 'broken-response':
      return [502, 'the replica broke off before it answered'];
    case 'forced':
      return [502, 'the replica was stopped before it answered'];
    case 'worker-lost':
      return [502, 'the worker that carried the request was lost'];
  }
}
