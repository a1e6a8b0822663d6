import type { ResponseHead } from '../http/response-head.ts';
import type { ExchangeClient } from './exchange-client.ts';
import type { ClientTerms } from './response-format.ts';

/** A response that has lasted for so long is a stream, whatever it carries. */
const streamAfterMs = 5_000;
const eventStream = /^content-type:[ \t]*text\/event-stream/im;

/** How a response goes to its client. One object serves response after response. */
export class ResponseCourse implements ClientTerms {
  isHttp10 = false;
  keepsAlive = false;
  /** The client can tell by itself where the body ends. */
  isDelimited = true;
  /** It may end between any two chunks: clients take that for a lost connection, and come back (HTML, section 9.2). */
  isEventStream = false;
  /** It ends as soon as it can end properly. */
  isDismissed = false;
  #beganAt = 0;

  /** `isComplete`: all of the body came with the head. */
  begin(head: ResponseHead, client: ExchangeClient, isComplete: boolean, now: number): void {
    const { kind } = head.framing;
    // Without a length, only the end of the connection tells the client where the body ends.
    this.isDelimited = kind !== 'close' && !(kind === 'chunked' && this.isHttp10);
    this.keepsAlive = client.keepsAlive && this.isDelimited && client.isRequestComplete;
    this.isEventStream = !isComplete && kind !== 'length' && eventStream.test(head.fields.kept);
    this.isDismissed = false;
    this.#beganAt = now;
  }

  /** It does not end soon by itself. */
  isStream(now: number): boolean {
    return this.isEventStream || now - this.#beganAt > streamAfterMs;
  }
}
