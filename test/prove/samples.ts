import type { ProofRequest } from '../../src/prove/measure/proof-request.ts';
import type { ProvedChange } from '../../src/prove/proof-report.ts';

/** A good answer, due at a time and so many milliseconds later there. */
export function good(dueMs: number, latencyMs = 10): ProofRequest {
  return { dueMs, endedMs: dueMs + latencyMs, latencyMs, fault: undefined };
}

/** An answer that is none, or no answer at all. */
export function bad(dueMs: number, words = 'status 503', latencyMs: number | undefined = 10): ProofRequest {
  return {
    dueMs,
    endedMs: dueMs + (latencyMs ?? 0),
    latencyMs,
    fault: { words, example: undefined },
  };
}

/** A good answer every so often. */
export function steadyAnswers(fromMs: number, untilMs: number, everyMs = 100): ProofRequest[] {
  return Array.from({ length: Math.ceil((untilMs - fromMs) / everyMs) }, (_, index) =>
    good(fromMs + index * everyMs),
  );
}

export function begun(changes: Partial<ProvedChange & { kind: 'begun' }> = {}): ProvedChange {
  return {
    kind: 'begun',
    startMs: 1000,
    endMs: 1500,
    ending: { kind: 'exited', exitCode: 0 },
    steadyMs: 2000,
    report: undefined,
    ...changes,
  };
}
