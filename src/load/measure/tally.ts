import type { Reply } from '../client/reply.ts';
import { CheckedAnswer, describeCheck, type Check } from '../scenario/check.ts';
import { Histogram } from './histogram.ts';

/** What is counted of a group of requests: those of one name, or those that one replica answered. */
export class Tally {
  readonly latency = new Histogram();
  /** Requests whose fate is known. */
  ended = 0;
  answered = 0;
  failed = 0;
}

export interface CheckTally {
  readonly check: Check;
  passed: number;
  failed: number;
}

/** Counts of one request of the scenario. */
export class RequestTally extends Tally {
  readonly name: string;
  readonly checks: readonly CheckTally[];

  constructor(name: string, checks: readonly Check[]) {
    super();
    this.name = name;
    this.checks = checks.map((check) => ({ check, passed: 0, failed: 0 }));
  }

  /** Judges an answer; the words for the first check that it fails. */
  judge(reply: Reply & { readonly kind: 'response' }, durationMs: number): string | undefined {
    const answer = new CheckedAnswer(reply, durationMs);
    let fault: string | undefined;
    for (const tally of this.checks) {
      if (answer.passes(tally.check)) tally.passed += 1;
      else {
        tally.failed += 1;
        fault ??= faultOf(tally.check, reply.status);
      }
    }
    return fault;
  }
}

function faultOf(check: Check, status: number): string {
  return check.kind === 'status' ? `status ${status}` : `check failed: ${describeCheck(check)}`;
}
