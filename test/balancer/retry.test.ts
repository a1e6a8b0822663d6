import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type FailedAttempt, isIdempotent, mayRetry } from '../../src/balancer/proxy/exchange/retry.ts';

const unsent: FailedAttempt = {
  kind: 'connect',
  isSent: false,
  isAnswered: false,
  isIdempotent: false,
  isReplayable: true,
  attempts: 1,
  retries: 1,
};
const sent: FailedAttempt = { ...unsent, kind: 'broken-response', isSent: true, isIdempotent: true };

describe('a failed attempt', () => {
  const cases: readonly (readonly [string, FailedAttempt, boolean])[] = [
    ['of any method is repeated when nothing was sent', unsent, true],
    ['of any method is repeated when no connection came about in time', { ...unsent, kind: 'timeout' }, true],
    ['of an idempotent method is repeated when it was sent', sent, true],
    ['cut at the drain deadline is repeated like any other', { ...sent, kind: 'forced' }, true],
    ['of another method is not repeated once it was sent', { ...sent, isIdempotent: false }, false],
    ['whose body is no longer held is not repeated', { ...sent, isReplayable: false }, false],
    ['that was answered in part is not repeated', { ...sent, isAnswered: true }, false],
    ['that was met with long silence is not repeated', { ...sent, kind: 'timeout' }, false],
    ['is not repeated more often than the policy says', { ...unsent, attempts: 2 }, false],
    ['is repeated as often as the policy says', { ...unsent, attempts: 2, retries: 2 }, true],
    ['is not repeated when the policy forbids it', { ...unsent, retries: 0 }, false],
  ];
  for (const [name, attempt, wanted] of cases) {
    test(name, () => assert.equal(mayRetry(attempt), wanted));
  }
});

test('the idempotent methods are those of RFC 9110, and no others', () => {
  const methods = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'POST', 'PATCH', 'get', 'LOCK'];
  assert.deepEqual(methods.filter(isIdempotent), ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
});
