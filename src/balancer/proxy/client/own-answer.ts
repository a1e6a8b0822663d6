import type { GateAnswer } from '../edge/gate-answer.ts';
import { formatLocalResponse } from '../http/local-response.ts';

/** What the balancer has to know of a request to answer it by itself. */
export interface AnsweredRequest {
  readonly requestId: string | undefined;
  readonly isHeadRequest: boolean;
  /** Its field lines. */
  readonly fieldLines: string;
}

export function formatAnswer(
  { status, reason, lines, page, retryAfterSeconds }: GateAnswer,
  { requestId, isHeadRequest, fieldLines }: AnsweredRequest,
  keepsAlive: boolean,
): string {
  return formatLocalResponse({
    status,
    reason,
    lines,
    requestId,
    isHeadRequest,
    wantsJson: /^accept:[^\r]*application\/json/im.test(fieldLines),
    closes: !keepsAlive,
    ...(page !== undefined && { page }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}
