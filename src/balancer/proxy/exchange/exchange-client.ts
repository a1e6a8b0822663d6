import type { GateAnswer } from '../edge/gate-answer.ts';
import type { ResponseHead } from '../http/response-head.ts';
import type { Wire } from '../socket/wire.ts';
import { type BodySource, joinedBytes } from './outgoing-request.ts';

/** The client's side of an exchange. */
export interface ExchangeClient extends BodySource {
  /** The connection is meant to stay open after this response. */
  readonly keepsAlive: boolean;
  readonly isRequestComplete: boolean;
  /** Both return false when the client must be waited for. */
  writeText(text: string): boolean;
  writeBytes(bytes: Buffer): boolean;
  /** The balancer answers by itself. */
  answer(answer: GateAnswer): void;
  /** The response is complete. */
  finished(keepsAlive: boolean): void;
  /** The response broke off; all that is left is to break off too. `isDelimited`: the client can tell by itself. */
  breakOff(isDelimited: boolean): void;
  /** Gives the socket up to a tunnel, with what the client has sent already. */
  handOver(): { readonly socket: Wire; readonly early: Buffer | undefined };
  tunnelEnded(): void;
}

/** A head and what there is of its body, in one write when it is small. */
export function writeJoined(
  client: ExchangeClient,
  text: string,
  head: ResponseHead,
  bytes: Buffer,
  start: number,
  end: number,
): boolean {
  if (start === end) return client.writeText(text);
  if (end - start <= joinedBytes)
    return client.writeText(text + (head.following(end - start) ?? bytes.toString('latin1', start, end)));
  client.writeText(text);
  return client.writeBytes(bytes.subarray(start, end));
}
