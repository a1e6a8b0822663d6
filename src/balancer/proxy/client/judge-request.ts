import { admit } from '../edge/admission.ts';
import type { Peer } from '../edge/client-facts.ts';
import type { GateAnswer } from '../edge/gate-answer.ts';
import type { Gate, Passage } from '../edge/gate.ts';
import type { LimitDesk } from '../edge/limits/limit-desk.ts';
import type { RequestHead } from '../http/request-head.ts';

/** Has the gate judge the request. `settled` is called at once, or when those that had to be asked have answered. */
export function judgeRequest(
  gate: Gate,
  peer: Peer,
  head: RequestHead,
  desk: LimitDesk,
  settled: (outcome: GateAnswer | Passage, isAtOnce: boolean) => void,
): void {
  let isAtOnce = true;
  // What clients may not say is taken out, and routes change more.
  head.willChange();
  admit(gate.judge(head, peer), desk, (outcome) => settled(outcome, isAtOnce));
  isAtOnce = false;
}
