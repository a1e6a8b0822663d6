import type { FailureKind } from '../worker/failure-kind.ts';

/** What the client of a failed request is told. */
export const failureReasons: Readonly<Record<Exclude<FailureKind, 'no-endpoint'>, string>> = {
  connect: 'no connection to a replica could be made',
  timeout: 'the replica did not answer in time',
  'broken-response': 'the replica broke off before it answered',
  forced: 'the replica was stopped before it answered',
  'worker-lost': 'the worker that carried the request was lost',
};
