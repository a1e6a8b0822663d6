import { connect, type Socket } from 'node:net';
import { TenfoldError } from '../../../shared/errors.ts';
import { parseControlMessage, parseGreeting, reviveError } from './control-answers.ts';
import {
  type ControlOrder,
  type ControlResults,
  type Greeting,
  protocolVersion,
} from './control-protocol.ts';
import { readJsonLines, writeJsonLine } from './json-lines.ts';

const greetingTimeoutMs = 3_000;
const answerTimeoutMs = 30_000;

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** A connection to a living proxy. */
export class ProxySession {
  readonly greeting: Greeting;
  /** Called once when the connection is gone. */
  onLost: () => void = () => {};
  /** Called when the proxy says that something changed. */
  onChanged: () => void = () => {};
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #isLost = false;

  constructor(socket: Socket, greeting: Greeting) {
    this.#socket = socket;
    this.greeting = greeting;
    socket.on('close', () => this.#lost());
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Rejects with what the proxy says, with `balancer-unreachable` when it is lost, or with the signal's reason. */
  async ask<Kind extends ControlOrder['order']>(
    order: Extract<ControlOrder, { order: Kind }>,
    signal?: AbortSignal,
  ): Promise<ControlResults[Kind]> {
    signal?.throwIfAborted();
    if (this.#isLost) throw proxyLost();
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#pending.set(id, { resolve, reject });
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const extraMs = 'graceMs' in order ? order.graceMs : 0;
    const timer = setTimeout(() => {
      this.#socket.destroy();
    }, answerTimeoutMs + extraMs);
    writeJsonLine(this.#socket, { id, order });
    try {
      // Our own proxy of the same protocol version answers each order with its own result.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return (await promise) as ControlResults[Kind];
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      this.#pending.delete(id);
    }
  }

  receive(message: unknown): void {
    const parsed = parseControlMessage(message);
    if (parsed === undefined) this.#socket.destroy();
    else if ('event' in parsed) this.onChanged();
    else if ('error' in parsed) this.#pending.get(parsed.id)?.reject(reviveError(parsed.error));
    else this.#pending.get(parsed.id)?.resolve(parsed.result);
  }

  close(): void {
    this.#socket.destroy();
  }

  #lost(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    for (const pending of this.#pending.values()) pending.reject(proxyLost());
    this.#pending.clear();
    this.onLost();
  }
}

export function proxyLost(): TenfoldError {
  return new TenfoldError('balancer-unreachable', 'the proxy was lost while it was asked', {
    hint: 'It is started again by itself; try again.',
  });
}

/**
 * Connects to the proxy at the socket. Undefined when none is there; throws `balancer-unreachable` when something else,
 * or a proxy of another version, answers.
 */
export function openSession(socketPath: string): Promise<ProxySession | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let session: ProxySession | undefined;
    const fail = (got: string): void => {
      socket.destroy();
      reject(
        new TenfoldError(
          'balancer-unreachable',
          `what answers at ${socketPath} is not this version's proxy`,
          {
            expected: `a Tenfold proxy that speaks protocol ${protocolVersion}`,
            got,
            hint: 'End that process, or remove the socket if it is a left-over, and try again.',
          },
        ),
      );
    };
    const timer = setTimeout(() => fail('silence'), greetingTimeoutMs);
    readJsonLines(socket, (message) => {
      if (session !== undefined) return session.receive(message);
      clearTimeout(timer);
      const greeting = parseGreeting(message);
      if (greeting === undefined) return fail('a foreign greeting');
      if (greeting.protocol !== protocolVersion) {
        return fail(`a proxy (pid ${greeting.pid}) that speaks protocol ${greeting.protocol}`);
      }
      session = new ProxySession(socket, greeting);
      resolve(session);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      const isAbsent =
        error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET';
      if (isAbsent) resolve(undefined);
      else if (session === undefined) fail(error.message);
    });
    socket.on('close', () => {
      clearTimeout(timer);
      // It ended without a word: a proxy that is just going.
      resolve(undefined);
    });
  });
}
