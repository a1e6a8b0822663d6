import { isDeepStrictEqual } from 'node:util';
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
    yield { recorded, decision, isSame: isDeepStrictEqual(decision, recorded) };
  }
}
