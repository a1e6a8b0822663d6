import { decide, stateAfter } from '../decide.ts';
import type { Decision } from '../decision.ts';
import type { AutoscaleRecord, HistoryPosition } from '../record.ts';

export interface ReplayedStep {
  readonly recorded: Decision;
  /** Made anew of the recorded inputs; undefined: the history does not say by which policy. */
  readonly decision: Decision | undefined;
  readonly isSame: boolean;
}

/** Makes every decision of a history again, by the policy and the inputs that were recorded. */
export function* replay(records: Iterable<AutoscaleRecord>): Generator<ReplayedStep> {
  let position: HistoryPosition | undefined;
  for (const record of records) {
    if (record.type === 'policy') {
      position = record;
      continue;
    }
    const recorded = record.decision;
    if (position === undefined) {
      yield { recorded, decision: undefined, isSame: false };
      continue;
    }
    const { policy, state } = position;
    const decided = decide(policy, state, record.input);
    position = { policy, state: stateAfter(state, decided, record.isCarriedOut) };
    const { decision } = decided;
    yield { recorded, decision, isSame: isSameDecision(decision, recorded) };
  }
}

/** The words for it may be those of another version. */
function isSameDecision(one: Decision, other: Decision): boolean {
  const keys = ['at', 'from', 'to', 'reason', 'min', 'max', 'recommended'] as const;
  const isSameFinding = one.findings.every(
    ({ kind, replicas }, index) =>
      kind === other.findings[index]?.kind && replicas === other.findings[index].replicas,
  );
  return keys.every((key) => one[key] === other[key]) && isSameFinding;
}
