import { admit } from '../edge/admission.ts';
import type { Peer } from '../edge/client-facts.ts';
import type { GateAnswer } from '../edge/gate-answer.ts';
import type { Gate, Passage } from '../edge/gate.ts';
import type { LimitDesk } from '../edge/limits/limit-desk.ts';
import { type RequestReader, sharedHead } from './request-reader.ts';

/**
 * Has the gate judge the request whose head was read last. `settled` is called at once, or when those that had to be asked
 * have answered; either way the shared head is then that of the request.
 */
export function judgeRequest(
  gate: Gate,
  peer: Peer,
  { text, textEnd }: RequestReader,
  desk: LimitDesk,
  settled: (outcome: GateAnswer | Passage, isAtOnce: boolean, restoreHead: () => void) => void,
): void {
  let isAtOnce = true;
  const restoreHead = (): void => {
    // It has been used for others meanwhile.
    sharedHead.parse(text, textEnd);
    gate.judge(sharedHead, peer);
  };
  admit(gate.judge(sharedHead, peer), desk, (outcome) =>
    settled(outcome, isAtOnce, isAtOnce ? () => {} : restoreHead),
  );
  isAtOnce = false;
}
