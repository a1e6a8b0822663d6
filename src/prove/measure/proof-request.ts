import type { EndedRequest, RequestObserver } from '../../load/engine/run-load.ts';
import type { Reply } from '../../load/client/reply.ts';

/** What became of one request. Times are milliseconds from the start of the load. */
export interface ProofRequest {
  readonly dueMs: number;
  readonly endedMs: number;
  /** From when it was due; undefined when neither an answer came nor its time was up. */
  readonly latencyMs: number | undefined;
  /** Undefined: a good answer. */
  readonly fault: { readonly words: string; readonly example: string | undefined } | undefined;
}

const notSent = { words: 'not sent: too many in flight', example: undefined };

/** Keeps every request of a run. Those in flight when the run was cut short are only counted. */
export class RequestLog implements RequestObserver {
  readonly requests: ProofRequest[] = [];
  failed = 0;
  cutOff = 0;

  ended({ dueMs, endedMs, durationMs, reply }: EndedRequest): void {
    if (reply.kind === 'failure' && reply.failure === 'cut off') {
      this.cutOff += 1;
      return;
    }
    const isTimed = reply.kind === 'response' || reply.failure === 'timed out';
    this.#add({ dueMs, endedMs, latencyMs: isTimed ? durationMs : undefined, fault: faultOf(reply) });
  }

  dropped(dueMs: number): void {
    this.#add({ dueMs, endedMs: dueMs, latencyMs: undefined, fault: notSent });
  }

  #add(request: ProofRequest): void {
    this.requests.push(request);
    if (request.fault !== undefined) this.failed += 1;
  }
}

/** 1xx to 3xx is well, as `tenfold load` has it. */
function faultOf(reply: Reply): ProofRequest['fault'] {
  if (reply.kind === 'failure') return { words: reply.failure, example: reply.reason };
  return reply.status < 400 ? undefined : { words: `status ${reply.status}`, example: undefined };
}
