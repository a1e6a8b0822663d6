import { RequestReader } from '../../../../src/balancer/proxy/client/request-reader.ts';
import {
  type ForwardedBy,
  formatRequestHead,
} from '../../../../src/balancer/proxy/exchange/request-format.ts';
import { BodyExtent } from '../../../../src/balancer/proxy/http/body-extent.ts';

/** One request as the balancer sends it to a replica, and as it understands it itself. */
export interface ForwardedRequest {
  readonly method: string;
  readonly target: string;
  /** Names and values in turns, as it writes them. */
  readonly fields: readonly string[];
  readonly content: Buffer;
  readonly isComplete: boolean;
  readonly offersUpgrade: boolean;
  readonly bytes: Buffer;
}

export interface Forwarded {
  readonly requests: readonly ForwardedRequest[];
  /** Status with which the rest was refused; undefined: nothing was. */
  readonly refusal: number | undefined;
}

const by: ForwardedBy = {
  clientAddress: '127.0.0.1',
  lines: 'X-Forwarded-Proto: http\r\nX-Forwarded-Port: 80\r\n',
  ends: () => {
    throw new Error('no PROXY protocol is spoken here');
  },
};

/**
 * What the balancer makes of the bytes of one connection, in pieces of the given sizes: the reader, the parser, the framing and the
 * format that its connections use, without the sockets.
 */
export function forward(input: Buffer, pieceBytes: number): Forwarded {
  const reader = new RequestReader(32_768);
  const requests: ForwardedRequest[] = [];
  let current: OpenRequest | undefined;
  const close = (): void => {
    if (current !== undefined) requests.push(current.seal());
    current = undefined;
  };
  for (let offset = 0; offset < input.length; offset += pieceBytes) {
    const chunk = input.subarray(offset, offset + pieceBytes);
    let start = 0;
    while (start < chunk.length) {
      if (current === undefined) {
        const result = reader.readHead(chunk, start);
        if (result === -1) break;
        if (result !== 0) return { requests, refusal: result };
        start = reader.end;
        reader.beginBody(reader.head.framing);
        current = new OpenRequest(reader);
      } else {
        const end = reader.readBody(chunk, start);
        if (end < 0) {
          close();
          return { requests, refusal: -end };
        }
        current.body(chunk.subarray(start, end));
        start = end;
      }
      if (reader.isBodyComplete) {
        const { closes } = current;
        close();
        if (closes) return { requests, refusal: undefined };
      }
    }
  }
  close();
  return { requests, refusal: undefined };
}

class OpenRequest {
  readonly closes: boolean;
  readonly #offersUpgrade: boolean;
  readonly #method: string;
  readonly #target: string;
  readonly #head: string;
  readonly #extent = new BodyExtent();
  readonly #isChunked: boolean;
  readonly #reader: RequestReader;
  readonly #raw: Buffer[] = [];
  readonly #content: Buffer[] = [];

  constructor(reader: RequestReader) {
    const { head } = reader;
    this.#reader = reader;
    this.#offersUpgrade = head.upgrade !== undefined;
    this.#method = head.method;
    this.#target = head.target;
    this.#isChunked = head.framing.kind === 'chunked';
    // After an upgrade is offered, nothing more is read as a request before the answer.
    this.closes = !head.keepsAlive || this.#offersUpgrade;
    this.#head = formatRequestHead(head, 'id-1', by, 'web', undefined);
    this.#extent.begin(head.framing);
  }

  body(bytes: Buffer): void {
    this.#raw.push(bytes);
    if (this.#isChunked) this.#extent.take(bytes, 0, this.#content);
    else this.#content.push(bytes);
  }

  seal(): ForwardedRequest {
    const lines = this.#head.split('\r\n').slice(1, -2);
    return {
      method: this.#method,
      target: this.#target,
      fields: lines.flatMap((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
      }),
      content: Buffer.concat(this.#content),
      isComplete: this.#reader.isBodyComplete,
      offersUpgrade: this.#offersUpgrade,
      bytes: Buffer.concat([Buffer.from(this.#head, 'latin1'), ...this.#raw]),
    };
  }
}
