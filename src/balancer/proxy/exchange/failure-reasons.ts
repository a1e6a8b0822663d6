import { emptyReasonOf } from '../http/local-response.ts';
import type { FailureKind } from '../worker/failure-kind.ts';
import type { PoolState } from '../worker/pool-state.ts';

/** What the client of a failed request is told: the status, and the reason for a person. */
export function failureAnswer(kind: FailureKind, pool: PoolState): readonly [status: number, reason: string] {
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
