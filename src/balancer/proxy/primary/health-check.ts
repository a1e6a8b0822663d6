import { request } from 'node:http';
import { connect } from 'node:net';
import type { ActiveHealthPolicy, ExpectedText } from '../../../model/balancing.ts';
import type { WorkerEndpoint } from '../worker/worker-protocol.ts';

type Target = Pick<WorkerEndpoint, 'host' | 'port'>;

/** Undefined: the check passed; else why not. */
export type Verdict = string | undefined;

/** So much of an answer is looked at. */
const maxAnswerBytes = 65_536;

/**
 * One check, within the timeout. With a path, a request is answered with an expected status, and the expected text in its body.
 * Without one, a connection is made; with an expected text, that text comes over it, after what is to be sent was sent.
 */
export function checkOnce(target: Target, policy: ActiveHealthPolicy, signal: AbortSignal): Promise<Verdict> {
  const timeout = AbortSignal.any([signal, AbortSignal.timeout(policy.timeoutMs)]);
  if (policy.path !== undefined) return checkRequest(target, policy.path, policy, timeout);
  return checkConnection(target, policy, timeout);
}

function checkConnection(
  { host, port }: Target,
  { send, expected }: ActiveHealthPolicy,
  signal: AbortSignal,
): Promise<Verdict> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    const answer = new ExpectedAnswer(expected);
    const settle = (verdict: Verdict): void => {
      resolve(verdict);
      socket.destroy();
    };
    socket.once('connect', () => {
      if (send !== undefined) socket.write(send);
      if (expected === undefined) settle(undefined);
    });
    socket.on('data', (bytes: Buffer) => {
      answer.add(bytes);
      if (answer.isMet || answer.isFull) settle(answer.verdict);
    });
    socket.on('end', () => settle(answer.verdict));
    socket.on('error', (error) => settle(answer.isBegun ? answer.verdict : reasonOf(error)));
  });
}

function checkRequest(
  { host, port }: Target,
  path: string,
  policy: ActiveHealthPolicy,
  signal: AbortSignal,
): Promise<Verdict> {
  const { method = 'GET', statuses = [[200, 399]], expected } = policy;
  const headers = {
    'user-agent': 'tenfold-health',
    ...(policy.host === undefined ? {} : { host: policy.host }),
  };
  return new Promise((resolve) => {
    const attempt = request({ host, port, method, path, signal, agent: false, headers }, (response) => {
      const status = response.statusCode ?? 0;
      const answer = new ExpectedAnswer(expected);
      const settle = (verdict: Verdict): void => {
        resolve(verdict === undefined ? undefined : `${method} ${path} ${verdict}`);
        response.destroy();
      };
      if (!statuses.some(([from, to]) => status >= from && status <= to)) return settle(`answered ${status}`);
      if (expected === undefined) return settle(undefined);
      response.on('data', (bytes: Buffer) => {
        answer.add(bytes);
        if (answer.isMet || answer.isFull) settle(answer.verdict);
      });
      response.on('end', () => settle(answer.verdict));
      response.on('error', (error) => settle(answer.isBegun ? answer.verdict : reasonOf(error)));
    });
    attempt.on('error', (error) => resolve(reasonOf(error)));
    attempt.end();
  });
}

/** What comes back, beside what is expected of it. */
class ExpectedAnswer {
  readonly #expected: ExpectedText | undefined;
  #bytes = Buffer.alloc(0);

  constructor(expected: ExpectedText | undefined) {
    this.#expected = expected;
  }

  add(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes.subarray(0, maxAnswerBytes - this.#bytes.length)]);
  }

  get isBegun(): boolean {
    return this.#bytes.length > 0;
  }

  get isFull(): boolean {
    return this.#bytes.length >= maxAnswerBytes;
  }

  get isMet(): boolean {
    const text = this.#bytes.toString();
    switch (this.#expected?.kind) {
      case undefined:
        return true;
      case 'contains':
        return text.includes(this.#expected.text);
      case 'matches':
        return new RegExp(this.#expected.pattern).test(text);
    }
  }

  get verdict(): Verdict {
    if (this.#expected === undefined || this.isMet) return undefined;
    const wanted = this.#expected.kind === 'contains' ? this.#expected.text : `/${this.#expected.pattern}/`;
    return `answered without ${JSON.stringify(wanted)}`;
  }
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.name === 'AbortError') return 'no answer in time';
  return error.code === 'ECONNREFUSED' ? 'connection refused' : error.message;
}
