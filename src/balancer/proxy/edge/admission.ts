import { type GateAnswer, refusal, tooManyRequests } from './gate-answer.ts';
import type { Judgement, Passage } from './gate.ts';
import type { LimitDesk } from './limits/limit-desk.ts';

/** Takes a judged request past its rates and passwords; `settled` is called at once when nothing has to be asked. */
export function admit(
  { rates, passwords, outcome }: Judgement,
  desk: LimitDesk,
  settled: (outcome: GateAnswer | Passage) => void,
): void {
  let delayMs = 0;
  const afterPasswords = (): void => {
    if (delayMs === 0) settled(outcome);
    else setTimeout(() => settled(outcome), delayMs);
  };
  const nextPassword = (index: number): void => {
    const demand = passwords[index];
    if (demand === undefined) return afterPasswords();
    demand.authorization.check(demand.field, (verdict) => {
      if (verdict === 'right') nextPassword(index + 1);
      else if (verdict === 'busy')
        settled({ ...refusal(503, 'too many passwords are being checked'), retryAfterSeconds: 1 });
      else
        settled(
          refusal(
            401,
            'a name and its password are needed',
            `WWW-Authenticate: ${demand.authorization.challenge}\r\n`,
          ),
        );
    });
  };
  const nextRate = (index: number): void => {
    const demand = rates[index];
    if (demand === undefined) return nextPassword(0);
    desk.askRate(demand, Date.now(), ({ isLet, waitMs }) => {
      if (!isLet) return settled(tooManyRequests(waitMs));
      if (!demand.isImmediate) delayMs = Math.max(delayMs, waitMs);
      nextRate(index + 1);
    });
  };
  nextRate(0);
}
