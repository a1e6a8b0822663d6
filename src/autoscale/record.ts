import type { AutoscalePolicy } from '../model/autoscale.ts';
import { decide, stateAfter } from './decide.ts';
import type { Decision } from './decision.ts';
import type { AutoscaleInput } from './reading.ts';
import type { AutoscaleState } from './state.ts';

/** What holds for the decisions that follow. */
export interface PolicyRecord {
  readonly type: 'policy';
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly stack: string;
  readonly service: string;
  readonly policy: AutoscalePolicy;
  /** As it is before the next decision. */
  readonly state: AutoscaleState;
}

export interface DecisionRecord {
  readonly type: 'decision';
  readonly stack: string;
  readonly service: string;
  readonly input: AutoscaleInput;
  readonly decision: Decision;
  /** False: the number of replicas could not be changed. */
  readonly isCarriedOut: boolean;
}

/** A line of the history: with the policy and the state before them, decisions can be made again. */
export type AutoscaleRecord = PolicyRecord | DecisionRecord;

/** The policy and the state at one place of a history. */
export type HistoryPosition = Pick<PolicyRecord, 'policy' | 'state'>;

/** Where a history stands after one more record; undefined before its first policy. */
export function advance(
  position: HistoryPosition | undefined,
  record: AutoscaleRecord,
): HistoryPosition | undefined {
  if (record.type === 'policy') return record;
  if (position === undefined) return undefined;
  const { policy, state } = position;
  const decided = decide(policy, state, record.input);
  return { policy, state: stateAfter(state, decided, record.isCarriedOut) };
}
